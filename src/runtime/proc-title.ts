/** For ps(1): `tsgun: worker 0 [name] ready`. */
export function setTitle(role: string, name: string, state: string): void {
  process.title = `tsgun: ${role} [${name}] ${state}`;
}
