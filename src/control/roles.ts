import { TsgunError } from '../core/errors.ts';
import type { Role } from '../protocol/control/method.ts';
import type { Peer } from '../sockets/peer-credentials.ts';

/** Groups, by number, whose members may do something although they are somebody else. */
export interface Access {
  adminGroup: number | null;
  readGroup: number | null;
}

const ownUid = (): number => process.geteuid?.() ?? 0;

/** Null for somebody who may do nothing. */
export function roleOf({ uid, gid, groups }: Peer, access: Access): Role | null {
  const isIn = (group: number | null) =>
    group !== null && (gid === group || groups.includes(group));
  if (uid === 0 || uid === ownUid() || isIn(access.adminGroup)) return 'admin';
  return isIn(access.readGroup) ? 'read' : null;
}

export const denyStranger = ({ uid }: Peer, access: Access): TsgunError =>
  deny(`Cannot use this instance as uid ${uid}`, [access.adminGroup, access.readGroup]);

export const denyMethod = (method: string, { uid }: Peer, access: Access): TsgunError =>
  deny(`Cannot call "${method}" as uid ${uid}`, [access.adminGroup]);

function deny(what: string, groups: readonly (number | null)[]): TsgunError {
  const members = groups.flatMap((group) => (group === null ? [] : [`members of group ${group}`]));
  const own = ownUid() === 0 ? [] : [`uid ${ownUid()}`];
  const allowed = ['root', ...own, ...new Set(members)];
  return new TsgunError('TSGUN_E_DENIED', `${what}: allowed are ${allowed.join(', ')}`);
}
