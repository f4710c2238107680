import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';

/** Calls take integers, text, memory, and `[n]` for an integer that the kernel changes. */
const prototypes = {
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const uint8_t *, uint32_t)',
  listen: 'int listen(int, int)',
  getsockname: 'int getsockname(int, _Out_ uint8_t *, _Inout_ uint32_t *)',
  getsockopt: 'int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)',
  setsockopt: 'int setsockopt(int, int, int, const void *, uint32_t)',
  fcntl: 'int fcntl(int, int, int)',
  close: 'int close(int)',
  waitpid: 'int waitpid(int, void *, int)',
  getgrouplist: 'int getgrouplist(const char *, uint32_t, _Out_ uint32_t *, _Inout_ int *)',
} as const;

/** Calls that give a pointer to a record that libc keeps, or null. */
const lookups = {
  getpwnam: 'void *getpwnam(const char *)',
  getpwuid: 'void *getpwuid(uint32_t)',
  getgrnam: 'void *getgrnam(const char *)',
} as const;

type Argument = number | string | Uint8Array | Uint32Array | number[] | null;
type Call = (...args: Argument[]) => number | bigint | null;

interface Koffi {
  load(path: null): { func(prototype: string): Call };
  decode(pointer: bigint, offset: number, type: string): unknown;
  address(value: Uint8Array): bigint;
  errno(): number;
}

let loaded: Koffi | undefined;
const calls = new Map<string, Call>();

/** koffi costs 10 ms and 10 MB, so only who really makes a system call pays for it. */
function koffi(): Koffi {
  loaded ??= createRequire(import.meta.url)('koffi') as Koffi;
  return loaded;
}

function find(prototype: string): Call {
  const call = calls.get(prototype) ?? koffi().load(null).func(prototype);
  calls.set(prototype, call);
  return call;
}

const errnoNames = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** Like Node's own system errors: `code` is `EADDRINUSE`, the message says what it means. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: string;

  constructor(errno: number) {
    const code = errnoNames.get(errno) ?? `errno ${errno}`;
    super(`${getSystemErrorMessage(-errno)} (${code})`);
    this.code = code;
  }
}

/** Calls libc; throws `SystemError` when it returns a negative number. */
export function libc(name: keyof typeof prototypes, ...args: Argument[]): number {
  const result = Number(find(prototypes[name])(...args));
  if (result < 0) throw new SystemError(koffi().errno());
  return result;
}

/** Where a block of memory is. Keep the block in use until the kernel has read it. */
export const addressOf = (block: Uint8Array): bigint => koffi().address(block);

export interface Field {
  offset: number;
  type: 'uint32_t' | 'const char *';
}

/** Reads fields of the record that a lookup finds; null when there is none. */
export function readRecord(
  name: keyof typeof lookups,
  key: string | number,
  fields: readonly Field[],
): unknown[] | null {
  const pointer = find(lookups[name])(key);
  if (typeof pointer !== 'bigint' || pointer === 0n) return null;
  return fields.map(({ offset, type }) => koffi().decode(pointer, offset, type));
}
