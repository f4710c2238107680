import type { WorkerStart } from '../protocol/worker.ts';

/** Those of `process`, as POSIX has them. */
type Ids = Pick<NodeJS.Process, 'getuid' | 'geteuid' | 'getgid' | 'getegid' | 'getgroups'>;

/** Says what is wrong when this process is not exactly whom it should be; null when it is. */
export function verifyIdentity(wanted: WorkerStart['identity'], ids: Ids = process): string | null {
  if (!wanted) return null;
  const uids = [ids.getuid?.(), ids.geteuid?.()];
  const gids = [ids.getgid?.(), ids.getegid?.()];
  const groups = ids.getgroups?.() ?? [];
  if (uids.some((uid) => uid !== wanted.uid))
    return `it runs as uid ${uids.join('/')}, not ${wanted.uid}`;
  if (gids.some((gid) => gid !== wanted.gid))
    return `it runs as gid ${gids.join('/')}, not ${wanted.gid}`;
  // getgroups(2) may or may not tell the main group as well.
  const extra = groups.filter((group) => group !== wanted.gid && !wanted.groups.includes(group));
  const missing = wanted.groups.filter((group) => group !== wanted.gid && !groups.includes(group));
  if (extra.length > 0) return `it still has the supplementary groups ${extra.join(', ')}`;
  if (missing.length > 0) return `it lacks the supplementary groups ${missing.join(', ')}`;
  return null;
}
