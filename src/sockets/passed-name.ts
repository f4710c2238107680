/**
 * What an old program tells its successor about a descriptor, by the name it passes it under; and
 * itself, after a restart, by the name systemd keeps it under.
 */
export interface PassedName {
  /** The canonical address it was bound for. */
  key: string;
  slot: number;
  /** Of the sockets of one address: who is passed by a name comes in any order. */
  order: number;
  /** False for what the old program had only been lent, by systemd say. */
  owned: boolean;
}

/** Colons separate the names of `LISTEN_FDNAMES`, so there are none in it. */
export const formatPassedName = ({ key, slot, order, owned }: PassedName): string =>
  encodeURIComponent(`tsgun ${owned ? 'owned' : 'lent'} ${slot} ${order} ${key}`);

const pattern = /^tsgun (owned|lent) (\d{1,6}) (\d{1,6}) (.+)$/s;

/** Null for a name that somebody else gave. */
export function parsePassedName(name: string): PassedName | null {
  const [, whose, slot, order, key] = pattern.exec(decode(name)) ?? [];
  if (key === undefined) return null;
  return { key, slot: Number(slot), order: Number(order), owned: whose === 'owned' };
}

/** Of an older tsgun, or our own of an earlier life. */
export const isOwned = ({ name }: { name: string }): boolean =>
  parsePassedName(name)?.owned === true;

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a bare per cent sign: not ours
  }
}
