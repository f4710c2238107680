const stderr = 2;

/** Whether a descriptor is the journal, of which systemd says device and inode: systemd.exec(5). */
export function isJournal(env: NodeJS.ProcessEnv, descriptor = stderr): boolean {
  const { JOURNAL_STREAM } = env;
  if (JOURNAL_STREAM === undefined) return false;
  const { dev, ino } = process.getBuiltinModule('node:fs').fstatSync(descriptor);
  return JOURNAL_STREAM === `${dev}:${ino}`;
}
