import { readFileSync } from 'node:fs';
import path from 'node:path';

/** How many processes of our cgroup the kernel has killed for want of memory; null if unknown. */
export function readOomKills(root = '/'): number | null {
  const groups = read(path.join(root, 'proc/self/cgroup'));
  const v2 = /^0::(\/.*)$/m.exec(groups)?.[1];
  const v1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(groups)?.[1];
  const file =
    v1 === undefined
      ? path.join(root, 'sys/fs/cgroup', v2 ?? '/', 'memory.events')
      : path.join(root, 'sys/fs/cgroup/memory', v1, 'memory.oom_control');
  const count = /^oom_kill (\d+)$/m.exec(read(file))?.[1];
  return count === undefined ? null : Number(count);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
