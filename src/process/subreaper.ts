import { libc } from '../native/libc.ts';

const PR_SET_CHILD_SUBREAPER = 36;

let made = false;

/** From now on orphans below us become our children, as forked workers have to: prctl(2). */
export function becomeSubreaper(): void {
  if (!made) libc('prctl', PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  made = true;
}

/** Until the returned function is called they become children of whoever is above us. */
export function yieldOrphans(): () => void {
  if (!made) return () => undefined;
  libc('prctl', PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  return () => void libc('prctl', PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/** Whether there may be children that Node knows nothing of. */
export const isSubreaper = (): boolean => made || process.pid === 1;
