/** What an old program tells its successor about a descriptor, by the name it passes it under. */
export interface PassedName {
  /** The canonical address it was bound for. */
  key: string;
  slot: number;
  /** False for what the old program had only been lent, by systemd say. */
  owned: boolean;
}

/** Colons separate the names of `LISTEN_FDNAMES`, so there are none in it. */
export const formatPassedName = ({ key, slot, owned }: PassedName): string =>
  encodeURIComponent(`tsgun ${owned ? 'owned' : 'lent'} ${slot} ${key}`);

/** Null for a name that somebody else gave. */
export function parsePassedName(name: string): PassedName | null {
  const [, whose, slot, key] = /^tsgun (owned|lent) (\d{1,6}) (.+)$/s.exec(decode(name)) ?? [];
  return key === undefined ? null : { key, slot: Number(slot), owned: whose === 'owned' };
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // a bare per cent sign: not ours
  }
}
