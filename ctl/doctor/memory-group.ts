import path from 'node:path';
import { readNumber, readText } from './processes.ts';

/** What the control groups of a process say about its memory: cgroups(7). */
export interface MemoryGroup {
  /** The tightest limit from its group up to the root; null for none. */
  limitBytes: number | null;
  /** How often the kernel has killed one of the group for want of memory; null if it does not say. */
  oomKills: number | null;
}

interface Version {
  /** Where it may be mounted. */
  mounts: readonly string[];
  group: string;
  limitFile: string;
  killsFile: string;
}

/** Both versions may be there, and only one of them limits memory. */
export async function readMemoryGroup(root: string, pid: number): Promise<MemoryGroup | null> {
  const lines = (await readText(root, 'proc', String(pid), 'cgroup'))?.split('\n');
  if (!lines) return null;
  const found = lines.flatMap(versionOf);
  const groups = await Promise.all(found.map((version) => readVersion(root, version)));
  return groups.reduce(merge, { limitBytes: null, oomKills: null });
}

function versionOf(line: string): Version[] {
  const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  if (group === undefined) return [];
  if (controllers === '') {
    const mounts = ['sys/fs/cgroup', 'sys/fs/cgroup/unified'];
    return [{ mounts, group, limitFile: 'memory.max', killsFile: 'memory.events' }];
  }
  if (controllers?.split(',').includes('memory') !== true) return [];
  const files = { limitFile: 'memory.limit_in_bytes', killsFile: 'memory.oom_control' };
  return [{ mounts: ['sys/fs/cgroup/memory'], group, ...files }];
}

async function readVersion(root: string, version: Version): Promise<MemoryGroup> {
  const { mounts, group, limitFile, killsFile } = version;
  const folders = mounts.flatMap((mount) => foldersUp(path.join(root, mount), group));
  const limits = await Promise.all(folders.map((folder) => readNumber(folder, limitFile)));
  const kills = await Promise.all(folders.map((folder) => readText(folder, killsFile)));
  // What is not limited is `max`, or a number that is none.
  const real = limits.filter((limit) => limit !== null && limit < 2 ** 60);
  const own = kills.map((text) => /^oom_kill (\d+)$/m.exec(text ?? '')?.[1]);
  const count = own.find((text) => text !== undefined);
  return {
    limitBytes: real.length === 0 ? null : Math.min(...real.map(Number)),
    oomKills: count === undefined ? null : Number(count),
  };
}

/** From the group itself up to the mount: in a container its path may not be there, but the mount is. */
function foldersUp(mount: string, group: string): string[] {
  const folders: string[] = [];
  for (let at = path.normalize(group); ; at = path.dirname(at)) {
    folders.push(path.join(mount, at));
    if (at === '/' || at === '.') return folders;
  }
}

const merge = (one: MemoryGroup, two: MemoryGroup): MemoryGroup => ({
  limitBytes: smaller(one.limitBytes, two.limitBytes),
  oomKills: one.oomKills ?? two.oomKills,
});

const smaller = (one: number | null, two: number | null): number | null =>
  one === null || two === null ? (one ?? two) : Math.min(one, two);
