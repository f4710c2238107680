import { addressOf, intCell, libc } from './libc.ts';

// The numbers of Linux, the same on x64 and arm64: socket(7), ip(7), ipv6(7), unix(7).
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const SO_ATTACH_FILTER = 26;
const SO_ACCEPTCONN = 30;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const IPPROTO_IP = 0;
const IP_MINTTL = 21;
const IPPROTO_IPV6 = 41;
const IPV6_MINHOPCOUNT = 73;
const IPV6_V6ONLY = 26;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const TCP_LISTEN = 10;
const F_SETFD = 2;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;

/** Longest path that fits a `sockaddr_un` with its final zero. */
export const longestUnixPath = 107;

export type SocketAddress =
  | { family: 'ipv4'; host: string; port: number }
  | { family: 'ipv6'; host: string; port: number; scope: number }
  | { family: 'unix'; path: string };

const families = { ipv4: AF_INET, ipv6: AF_INET6, unix: AF_UNIX } as const;

/** A bare stream socket, closed on exec, which libuv knows nothing of. */
export const openSocket = (family: SocketAddress['family']): number =>
  libc('socket', families[family], SOCK_STREAM | SOCK_CLOEXEC, 0);

export function bindSocket(fd: number, address: SocketAddress): void {
  const bytes = encodeAddress(address);
  libc('bind', fd, bytes, bytes.length);
}

/** Also changes the backlog of a socket that listens already. */
export const listenSocket = (fd: number, backlog: number): void => void libc('listen', fd, backlog);

export const closeDescriptor = (fd: number): void => void libc('close', fd);

export const duplicate = (fd: number): number => libc('fcntl', fd, F_DUPFD_CLOEXEC, 3);

export const closeOnExec = (fd: number): void => void libc('fcntl', fd, F_SETFD, FD_CLOEXEC);

export const setReuseAddress = (fd: number): void => setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);

export const setReusePort = (fd: number): void => setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);

export const setOnlyIpv6 = (fd: number, only: boolean): void =>
  setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, Number(only));

/** Packets that have passed a router, or began below 255 as everybody's do, are dropped. */
export function requireFullTtl(fd: number, family: SocketAddress['family']): void {
  setOption(fd, IPPROTO_IP, IP_MINTTL, 255);
  if (family === 'ipv6') setOption(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, 255);
}

/** False for what does not listen and for what is no socket at all. */
export function isListening(fd: number): boolean {
  const value = intCell(0);
  try {
    libc('getsockopt', fd, SOL_SOCKET, SO_ACCEPTCONN, value, intCell(value.length));
  } catch {
    return false;
  }
  return value.readInt32LE() === 1;
}

/** Connections that wait to be accepted on a TCP socket; null for anything but one that listens. */
export function acceptQueueLength(fd: number): number | null {
  // `struct tcp_info` up to tcpi_unacked, which is sk_ack_backlog for a socket that listens.
  const info = Buffer.alloc(28);
  try {
    libc('getsockopt', fd, IPPROTO_TCP, TCP_INFO, info, intCell(info.length));
  } catch {
    return null;
  }
  return info[0] === TCP_LISTEN ? info.readUInt32LE(24) : null;
}

export function localAddress(fd: number): SocketAddress {
  const bytes = Buffer.alloc(128);
  const length = intCell(bytes.length);
  libc('getsockname', fd, bytes, length);
  return decodeAddress(bytes.subarray(0, length.readInt32LE()));
}

function setOption(fd: number, level: number, option: number, value: number): void {
  const bytes = intCell(value);
  libc('setsockopt', fd, level, option, bytes, bytes.length);
}

function encodeAddress(address: SocketAddress): Buffer {
  if (address.family === 'unix') {
    // An abstract name begins with a zero, and every byte counts: it has none at its end.
    const end = address.path.startsWith('\0') ? 0 : 1;
    const bytes = Buffer.alloc(2 + Buffer.byteLength(address.path) + end);
    bytes.writeUInt16LE(AF_UNIX, 0);
    bytes.write(address.path, 2);
    return bytes;
  }
  if (address.family === 'ipv4') {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(address.port, 2);
    bytes.set(address.host.split('.').map(Number), 4);
    return bytes;
  }
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(address.port, 2);
  bytes.set(parseIpv6(address.host), 8);
  bytes.writeUInt32LE(address.scope, 24);
  return bytes;
}

function decodeAddress(bytes: Buffer): SocketAddress {
  const family = bytes.readUInt16LE(0);
  if (family === AF_INET) {
    return { family: 'ipv4', host: bytes.subarray(4, 8).join('.'), port: bytes.readUInt16BE(2) };
  }
  if (family === AF_INET6) {
    const host = formatIpv6(bytes.subarray(8, 24));
    return { family: 'ipv6', host, port: bytes.readUInt16BE(2), scope: bytes.readUInt32LE(24) };
  }
  const end = bytes.indexOf(0, 2);
  return { family: 'unix', path: bytes.toString('utf8', 2, end < 0 ? bytes.length : end) };
}

/** `host` was checked by `net.isIPv6`; the URL parser brings it into its canonical groups. */
function parseIpv6(host: string): Buffer {
  const canonical = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const hex = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join('');
  return Buffer.from(hex, 'hex');
}

function formatIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** One instruction of classic BPF: `struct sock_filter` of linux/filter.h. */
export interface Instruction {
  code: number;
  jumpTrue?: number;
  jumpFalse?: number;
  value: number;
}

/** Runs on what arrives at a socket; for a listener its 0 drops the packet. */
export const attachFilter = (fd: number, program: readonly Instruction[]): void =>
  attachProgram(fd, SO_ATTACH_FILTER, program);

/** Chooses, by index in order of `listen`, which socket of an SO_REUSEPORT group gets a connection. */
export const attachReusePortProgram = (fd: number, program: readonly Instruction[]): void =>
  attachProgram(fd, SO_ATTACH_REUSEPORT_CBPF, program);

const headerSize = 16;

/** `struct sock_fprog` with its program behind it, in one block that stays where it is. */
function attachProgram(fd: number, option: number, program: readonly Instruction[]): void {
  const block = Buffer.allocUnsafeSlow(headerSize + 8 * program.length).fill(0);
  block.writeUInt16LE(program.length, 0);
  block.writeBigUInt64LE(addressOf(block) + BigInt(headerSize), 8);
  for (const [index, { code, jumpTrue = 0, jumpFalse = 0, value }] of program.entries()) {
    const at = headerSize + index * 8;
    block.writeUInt16LE(code, at);
    block.writeUInt8(jumpTrue, at + 2);
    block.writeUInt8(jumpFalse, at + 3);
    block.writeUInt32LE(value >>> 0, at + 4);
  }
  libc('setsockopt', fd, SOL_SOCKET, option, block, headerSize);
}
