/** Which unit a process belongs to, and whether the manager of a user looks after it. */
export interface Unit {
  name: string;
  isUsers: boolean;
}

/** From `/proc/self/cgroup`, whatever version of cgroups this is; null outside of any service. */
export function findUnit(cgroups: string): Unit | null {
  for (const line of cgroups.split('\n')) {
    const services = line.split('/').filter((part) => part.endsWith('.service'));
    const name = services.at(-1);
    if (name === undefined) continue;
    const isUsers = services.length > 1 && /^user@\d+\.service$/.test(services[0] ?? '');
    return { name, isUsers };
  }
  return null;
}
