import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/** CPUs that affinity and every cgroup above us really give, rounded up, at least 1. */
export function countAvailableCpus(root = '/'): number {
  const quota = readQuota(root);
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(quota)));
}

/** The tightest quota from our cgroup up to the root, in CPUs: cgroups(7). */
export function readQuota(root: string): number {
  const own = read(path.join(root, 'proc/self/cgroup'));
  let quota = Number.POSITIVE_INFINITY;
  for (const line of own.split('\n')) {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (group === undefined) continue;
    if (controllers === '') {
      quota = Math.min(quota, tightest(path.join(root, 'sys/fs/cgroup'), group, quotaV2));
    } else if (controllers?.split(',').includes('cpu')) {
      quota = Math.min(quota, tightest(path.join(root, 'sys/fs/cgroup/cpu'), group, quotaV1));
    }
  }
  return quota;
}

function tightest(mount: string, group: string, quotaOf: (folder: string) => number): number {
  let quota = Number.POSITIVE_INFINITY;
  for (let at = path.normalize(group); ; at = path.dirname(at)) {
    quota = Math.min(quota, quotaOf(path.join(mount, at)));
    if (at === '/' || at === '.') return quota;
  }
}

/** `cpu.max`: quota and period in microseconds, or `max`. */
function quotaV2(folder: string): number {
  const [quota = 'max', period = '100000'] = read(path.join(folder, 'cpu.max')).trim().split(' ');
  return toCpus(quota, period);
}

const quotaV1 = (folder: string): number =>
  toCpus(
    read(path.join(folder, 'cpu.cfs_quota_us')).trim(),
    read(path.join(folder, 'cpu.cfs_period_us')).trim(),
  );

function toCpus(quota: string, period: string): number {
  const cpus = Number.parseInt(quota, 10) / Number.parseInt(period, 10);
  return cpus > 0 ? cpus : Number.POSITIVE_INFINITY;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
