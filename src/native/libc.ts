import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';
import { type Argument, type Backend, type Kind, loadBackend } from './backend.ts';

/** Arguments of the calls that return a number, negative for an error. */
const prototypes = {
  socket: ['int32', 'int32', 'int32'],
  bind: ['int32', 'buffer', 'uint32'],
  listen: ['int32', 'int32'],
  getsockname: ['int32', 'buffer', 'buffer'],
  getsockopt: ['int32', 'int32', 'int32', 'buffer', 'buffer'],
  setsockopt: ['int32', 'int32', 'int32', 'buffer', 'uint32'],
  fcntl: ['int32', 'int32', 'int32'],
  close: ['int32'],
  poll: ['buffer', 'uint32', 'int32'],
  flock: ['int32', 'int32'],
  waitpid: ['int32', 'buffer', 'int32'],
  prctl: ['int32', 'int32', 'int32', 'int32', 'int32'],
  sendmsg: ['int32', 'buffer', 'int32'],
  getgrouplist: ['string', 'uint32', 'buffer', 'buffer'],
} as const satisfies Record<string, readonly Kind[]>;

/** Arguments of the calls that give a pointer to a record that libc keeps, or null. */
const lookups = {
  getpwnam: ['string'],
  getpwuid: ['uint32'],
  getgrnam: ['string'],
} as const satisfies Record<string, readonly Kind[]>;

let loaded: Backend | undefined;
const calls = new Map<string, ReturnType<Backend['bind']>>();

/** Only who really makes a call pays for the means to. */
function backend(): Backend {
  loaded ??= loadBackend();
  return loaded;
}

function find(name: string, args: readonly Kind[], result: Kind) {
  const call = calls.get(name) ?? backend().bind(name, args, result);
  calls.set(name, call);
  return call;
}

/** Of two names for one number the first: EAGAIN, not EWOULDBLOCK, as Node has it. */
const errnoNames = new Map(
  Object.entries(constants.errno)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

/** Like Node's own system errors: `code` is `EADDRINUSE`, the message says what it means. */
class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: string;

  constructor(errno: number) {
    const code = errnoNames.get(errno) ?? `errno ${errno}`;
    super(`${getSystemErrorMessage(-errno)} (${code})`);
    this.code = code;
  }
}

/** Calls libc; throws an error with `code` when it returns a negative number. */
export function libc(name: keyof typeof prototypes, ...args: Argument[]): number {
  const result = Number(find(name, prototypes[name], 'int32')(...args));
  if (result < 0) throw new SystemError(backend().errno());
  return result;
}

/** A number in memory, for calls that change it. */
export function intCell(value: number): Buffer {
  const cell = Buffer.alloc(4);
  cell.writeInt32LE(value);
  return cell;
}

/** Where a block of memory is. Keep the block in use until the kernel has read it. */
export const addressOf = (block: Uint8Array): bigint => backend().addressOf(block);

export interface LibcRecord {
  uint32(offset: number): number;
  string(offset: number): string;
}

/** The record that a lookup finds, to be read before the next call; null when there is none. */
export function findRecord(name: keyof typeof lookups, key: string | number): LibcRecord | null {
  const pointer = BigInt(find(name, lookups[name], 'pointer')(key));
  if (pointer === 0n) return null;
  return {
    uint32: (offset) => backend().readUint32(pointer, offset),
    string: (offset) => backend().readString(pointer, offset),
  };
}
