import { libc, readRecord } from './libc.ts';

export interface User {
  name: string;
  uid: number;
  gid: number;
}

// `struct passwd` and `struct group` begin alike in glibc and musl, on 64 bits: getpwnam(3).
const nameField = { offset: 0, type: 'const char *' } as const;
const idField = { offset: 16, type: 'uint32_t' } as const;
const gidField = { offset: 20, type: 'uint32_t' } as const;

/** By name or number, from wherever this system keeps its users (NSS); null when there is none. */
export function findUser(who: string | number): User | null {
  const call = typeof who === 'string' ? 'getpwnam' : 'getpwuid';
  const record = readRecord(call, who, [nameField, idField, gidField]);
  if (!record) return null;
  const [name, uid, gid] = record;
  return { name: String(name), uid: Number(uid), gid: Number(gid) };
}

export function findGroup(name: string): number | null {
  const record = readRecord('getgrnam', name, [idField]);
  return record ? Number(record[0]) : null;
}

/** NGROUPS_MAX of Linux: getgroups(2). */
const mostGroups = 65_536;

/** Every group a user is in, `gid` among them. */
export function groupsOf(name: string, gid: number): number[] {
  const groups = new Uint32Array(mostGroups);
  const count = [mostGroups];
  libc('getgrouplist', name, gid, groups, count);
  return [...groups.subarray(0, count[0])];
}
