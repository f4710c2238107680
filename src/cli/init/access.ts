import { realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { findUser, groupsOf } from '../../native/users.ts';

/** Somebody who has to get at files. */
export interface Reader {
  name: string;
  uid: number;
  groups: readonly number[];
}

/** Whom no file belongs to: a user who is not there yet. */
const nobody = -1;

/** By name; as a stranger to all files while there is no such user. */
export function findReader(name: string): Reader {
  const user = findUser(/^\d{1,9}$/.test(name) ? Number(name) : name);
  if (!user) return { name, uid: nobody, groups: [] };
  return { name: user.name, uid: user.uid, groups: groupsOf(user.name, user.gid) };
}

export const isKnown = ({ uid }: Reader): boolean => uid !== nobody;

const needs = { enter: 0o1, read: 0o4, run: 0o5 } as const;

/** The first on the way to a file or folder that does not let the reader through; null if all do. */
export function findObstacle(
  reader: Reader,
  place: string,
  need: keyof typeof needs,
): string | null {
  if (reader.uid === 0) return null;
  for (const way of new Set([place, realPathOf(place)])) {
    const folders = parentsOf(way).filter((folder) => !lets(reader, folder, needs.enter));
    const [obstacle = lets(reader, way, needs[need]) ? null : way] = folders;
    if (obstacle !== null) return obstacle;
  }
  return null;
}

/** From the root on, without the place itself. */
const parentsOf = (place: string): string[] =>
  place === '/' ? [] : [...parentsOf(path.dirname(place)), path.dirname(place)];

/** Every link on the way followed; what is not there stays as it is. */
function realPathOf(place: string): string {
  try {
    return realpathSync(place);
  } catch {
    return place; // gone, or in what we may not enter ourselves
  }
}

/** What is not there stands in nobody's way. An access control list is not looked at. */
function lets(reader: Reader, place: string, need: number): boolean {
  const stat = statOf(place);
  if (stat === undefined) return true;
  const shift = stat.uid === reader.uid ? 6 : reader.groups.includes(stat.gid) ? 3 : 0;
  return ((stat.mode >> shift) & need) === need;
}

function statOf(place: string): Stats | undefined {
  try {
    return statSync(place, { throwIfNoEntry: false });
  } catch {
    return undefined; // EACCES for us: an obstacle before it has been reported
  }
}

/** `mode 700 of root`. */
export function describeMode(place: string): string {
  const stat = statOf(place);
  if (stat === undefined) return '';
  const owner = findUser(stat.uid)?.name ?? `uid ${stat.uid}`;
  return `mode ${(stat.mode & 0o777).toString(8)} of ${owner}`;
}
