import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What the control group of a process says about its memory: cgroups(7). */
export interface MemoryGroup {
  /** Of all its processes, with what the kernel keeps of their files; null if it does not say. */
  usedBytes: number | null;
  /** The tightest limit from the group up to the root; null for none. */
  limitBytes: number | null;
  /** How often the kernel has killed one of the group for want of memory; null if it does not say. */
  oomKills: number | null;
}

interface Version {
  /** Where it may be mounted. */
  mounts: readonly string[];
  usageFile: string;
  limitFile: string;
  killsFile: string;
}

const version1: Version = {
  mounts: ['sys/fs/cgroup/memory'],
  usageFile: 'memory.usage_in_bytes',
  limitFile: 'memory.limit_in_bytes',
  killsFile: 'memory.oom_control',
};

const version2: Version = {
  mounts: ['sys/fs/cgroup', 'sys/fs/cgroup/unified'],
  usageFile: 'memory.current',
  limitFile: 'memory.max',
  killsFile: 'memory.events',
};

/** Both versions may be there, and only one of them counts memory; null where there is neither. */
export function readMemoryGroup(root: string, pid: number | 'self'): MemoryGroup | null {
  const groups = read(root, 'proc', String(pid), 'cgroup')?.split('\n') ?? [];
  const found = groups.flatMap((line) => {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (group === undefined) return [];
    if (controllers === '') return [readVersion(root, group, version2)];
    const hasMemory = controllers?.split(',').includes('memory') === true;
    return hasMemory ? [readVersion(root, group, version1)] : [];
  });
  return found.length === 0 ? null : found.reduce(merge);
}

function readVersion(root: string, group: string, version: Version): MemoryGroup {
  const folders = version.mounts.flatMap((mount) => foldersUp(path.join(root, mount), group));
  const first = (file: string, pattern: RegExp) =>
    firstOf(folders, (folder) => readNumber(folder, file, pattern));
  const limits = folders.map((folder) => readNumber(folder, version.limitFile, whole));
  // What is not limited is `max`, or a number that is none.
  const real = limits.filter((limit) => limit !== null && limit < 2 ** 60);
  return {
    usedBytes: first(version.usageFile, whole),
    limitBytes: real.length === 0 ? null : Math.min(...real.map(Number)),
    oomKills: first(version.killsFile, /^oom_kill (\d+)$/m),
  };
}

const whole = /^(\d{1,19})\n?$/;

/** From the group itself up to the mount: in a container its path may not be there, but the mount is. */
function foldersUp(mount: string, group: string): string[] {
  const folders: string[] = [];
  for (let at = path.normalize(group); ; at = path.dirname(at)) {
    folders.push(path.join(mount, at));
    if (at === '/' || at === '.') return folders;
  }
}

function firstOf<T>(items: readonly T[], find: (item: T) => number | null): number | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

function readNumber(folder: string, file: string, pattern: RegExp): number | null {
  const text = pattern.exec(read(folder, file) ?? '')?.[1];
  return text === undefined ? null : Number(text);
}

/** Null for what is not there or not ours to read. */
function read(...parts: readonly string[]): string | null {
  try {
    return readFileSync(path.join(...parts), 'utf8');
  } catch {
    return null;
  }
}

const merge = (one: MemoryGroup, two: MemoryGroup): MemoryGroup => ({
  usedBytes: one.usedBytes ?? two.usedBytes,
  limitBytes: smaller(one.limitBytes, two.limitBytes),
  oomKills: one.oomKills ?? two.oomKills,
});

const smaller = (one: number | null, two: number | null): number | null =>
  one === null || two === null ? (one ?? two) : Math.min(one, two);
