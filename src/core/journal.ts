/** systemd says which device and inode its journal is, so that a redirected stderr is none: systemd.exec(5). */
export function isJournal(fd: number, env: NodeJS.ProcessEnv): boolean {
  const { JOURNAL_STREAM } = env;
  if (JOURNAL_STREAM === undefined) return false;
  // An import would cost every call of tsgunctl 2 ms.
  const { dev, ino } = process.getBuiltinModule('node:fs').fstatSync(fd);
  return JOURNAL_STREAM === `${dev}:${ino}`;
}
