import { createRequire } from 'node:module';

export type Kind = 'int32' | 'uint32' | 'string' | 'buffer' | 'pointer';
export type Argument = number | string | Uint8Array;

/** What calls C functions for us; pointers are numbers of 64 bits. */
export interface Backend {
  bind(name: string, args: readonly Kind[], result: Kind): (...args: Argument[]) => number | bigint;
  /** Of the call before. */
  errno(): number;
  addressOf(block: Uint8Array): bigint;
  readUint32(pointer: bigint, offset: number): number;
  readString(pointer: bigint, offset: number): string;
}

/** Node's own since 26, which costs next to nothing; koffi (10 ms, 10 MB) before that. */
export const loadBackend = (): Backend => loadNodeFfi() ?? loadKoffi();

interface NodeFfi {
  dlopen(
    library: null,
    functions: Record<string, { arguments: readonly Kind[]; return: Kind }>,
  ): { functions: Record<string, (...args: Argument[]) => number | bigint> };
  getInt32(pointer: bigint): number;
  getUint32(pointer: bigint, offset: number): number;
  getUint64(pointer: bigint, offset: number): bigint;
  getRawPointer(block: Uint8Array): bigint;
  toString(pointer: bigint): string;
}

function loadNodeFfi(): Backend | null {
  const ffi = quietly(() => process.getBuiltinModule('node:ffi') as NodeFfi | undefined);
  if (!ffi) return null;
  const bind: Backend['bind'] = (name, args, result) => {
    const found = ffi.dlopen(null, { [name]: { arguments: args, return: result } }).functions[name];
    if (!found) throw new Error(`libc has no ${name}`);
    return found;
  };
  const errnoLocation = bind('__errno_location', [], 'pointer');
  return {
    bind,
    errno: () => ffi.getInt32(BigInt(errnoLocation())),
    addressOf: (block) => ffi.getRawPointer(block),
    readUint32: (pointer, offset) => ffi.getUint32(pointer, offset),
    readString: (pointer, offset) => ffi.toString(ffi.getUint64(pointer, offset)),
  };
}

/** That the module is experimental is for us to know: the tests run on every version we support. */
function quietly<T>(act: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    return act();
  } finally {
    process.emitWarning = emitWarning;
  }
}

interface Koffi {
  load(path: null): { func(prototype: string): (...args: Argument[]) => number | bigint | null };
  decode(pointer: bigint, offset: number, type: string): unknown;
  address(value: Uint8Array): bigint;
  errno(): number;
}

const koffiTypes: Record<Kind, string> = {
  int32: 'int32_t',
  uint32: 'uint32_t',
  string: 'const char *',
  buffer: 'void *',
  pointer: 'void *',
};

function loadKoffi(): Backend {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const libc = koffi.load(null);
  return {
    bind(name, args, result) {
      const types = args.map((kind) => koffiTypes[kind]).join(', ');
      const call = libc.func(`${koffiTypes[result]} ${name}(${types})`);
      return (...values) => call(...values) ?? 0n;
    },
    errno: () => koffi.errno(),
    addressOf: (block) => koffi.address(block),
    readUint32: (pointer, offset) => Number(koffi.decode(pointer, offset, 'uint32_t')),
    readString: (pointer, offset) => String(koffi.decode(pointer, offset, 'const char *')),
  };
}
