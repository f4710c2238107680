import { findRecord, intCell, libc } from './libc.ts';

export interface User {
  name: string;
  uid: number;
  gid: number;
}

// `struct passwd` and `struct group` begin alike in glibc and musl, on 64 bits: getpwnam(3).
const nameOffset = 0;
const idOffset = 16;
const gidOffset = 20;

/** By name or number, from wherever this system keeps its users (NSS); null when there is none. */
export function findUser(who: string | number): User | null {
  const record = findRecord(typeof who === 'string' ? 'getpwnam' : 'getpwuid', who);
  return (
    record && {
      name: record.string(nameOffset),
      uid: record.uint32(idOffset),
      gid: record.uint32(gidOffset),
    }
  );
}

export const findGroup = (name: string): number | null =>
  findRecord('getgrnam', name)?.uint32(idOffset) ?? null;

/** NGROUPS_MAX of Linux: getgroups(2). */
const mostGroups = 65_536;

/** Every group a user is in, `gid` among them. */
export function groupsOf(name: string, gid: number): number[] {
  const groups = Buffer.alloc(mostGroups * 4);
  const count = intCell(mostGroups);
  libc('getgrouplist', name, gid, groups, count);
  return Array.from({ length: count.readInt32LE() }, (_, index) => groups.readUInt32LE(index * 4));
}
