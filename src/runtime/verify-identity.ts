import type { WorkerStart } from '../protocol/worker.ts';

/** Says what is wrong when this process is not exactly whom it should be; null when it is. */
export function verifyIdentity(wanted: WorkerStart['identity']): string | null {
  if (!wanted) return null;
  const uids = [process.getuid?.(), process.geteuid?.()];
  const gids = [process.getgid?.(), process.getegid?.()];
  const allowed = new Set([wanted.gid, ...wanted.groups]);
  const groups = new Set([...gids, ...(process.getgroups?.() ?? [])]);
  const extra = [...groups].filter((group) => group !== undefined && !allowed.has(group));
  const missing = wanted.groups.filter((group) => !groups.has(group));
  if (uids.some((uid) => uid !== wanted.uid))
    return `it runs as uid ${uids.join('/')}, not ${wanted.uid}`;
  if (gids.some((gid) => gid !== wanted.gid))
    return `it runs as gid ${gids.join('/')}, not ${wanted.gid}`;
  if (extra.length > 0) return `it still has the supplementary groups ${extra.join(', ')}`;
  if (missing.length > 0) return `it lacks the supplementary groups ${missing.join(', ')}`;
  return null;
}
