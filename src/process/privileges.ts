import { TsgunError } from '../core/errors.ts';
import { findGroup, findUser, groupsOf } from '../native/users.ts';

/** Whom a worker runs as. */
export interface Identity {
  uid: number;
  gid: number;
  /** Supplementary groups; empty unless `initgroups` asks for the user's own. */
  groups: number[];
}

export interface IdentitySettings {
  user: string | null;
  group: string | null;
  initgroups: boolean;
}

/** Null when nothing is asked for, or nothing but what we are. Throws TSGUN_E_PRIVILEGES. */
export function resolveIdentity({ user, group, initgroups }: IdentitySettings): Identity | null {
  if (user === null && group === null) {
    if (initgroups) throw refuse('Cannot use "initgroups" without "user"');
    return null;
  }
  const account = user === null ? ownAccount() : lookUpUser(user, group !== null);
  const gid = group === null ? account.gid : lookUpGroup(group);
  if (ownAccount().uid !== 0) return refuseOthers(account.uid, gid);
  return { uid: account.uid, gid, groups: initgroups ? groupsOfAccount(account, gid) : [] };
}

const ownAccount = (): Account => ({
  name: null,
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
});

/** Without privileges we can only stay who we are. */
function refuseOthers(uid: number, gid: number): null {
  const own = ownAccount();
  if (uid === own.uid && gid === own.gid) return null;
  throw refuse(
    `Cannot run workers as uid ${uid} and gid ${gid}: tsgun runs as uid ${own.uid}, and only root can change that`,
  );
}

function groupsOfAccount({ name, uid }: Account, gid: number): number[] {
  if (name === null) throw refuse(`Cannot find the groups of uid ${uid}: it is no known user`);
  return groupsOf(name, gid);
}

interface Account {
  name: string | null;
  uid: number;
  gid: number;
}

/** A number needs no entry as long as the group is given too. */
function lookUpUser(user: string, hasGroup: boolean): Account {
  const found = findUser(isNumber(user) ? Number(user) : user);
  if (found) return found;
  if (isNumber(user) && hasGroup) return { name: null, uid: Number(user), gid: 0 };
  throw refuse(`Cannot find the user "${user}"${isNumber(user) ? ': give "group" as well' : ''}`);
}

/** Throws TSGUN_E_PRIVILEGES. */
export function lookUpGroup(group: string): number {
  const gid = isNumber(group) ? Number(group) : findGroup(group);
  if (gid === null) throw refuse(`Cannot find the group "${group}"`);
  return gid;
}

/** `user[:group]` of a file or socket; without a group it is the user's own. */
export function resolveOwner(owner: string): { uid: number; gid: number } {
  const [user = '', group] = owner.split(':');
  const account = lookUpUser(user, group !== undefined);
  return { uid: account.uid, gid: group === undefined ? account.gid : lookUpGroup(group) };
}

/** The greatest id; one more means "as it is" to setuid(2), and another one more is root again. */
const greatestId = 2 ** 32 - 2;

const isNumber = (text: string): boolean => /^\d{1,10}$/.test(text) && Number(text) <= greatestId;

const refuse = (message: string): TsgunError => new TsgunError('TSGUN_E_PRIVILEGES', message);
