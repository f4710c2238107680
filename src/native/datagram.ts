import { TsgunError } from '../core/errors.ts';
import { addressOf, libc } from './libc.ts';
import { closeDescriptor, longestUnixPath } from './sockets.ts';

// The numbers of Linux, the same on x64 and arm64: socket(7), unix(7), sendmsg(2).
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

// `struct msghdr` and all that it points to, on 64 bits: one block that lives for ever. V8 frees a
// buffer whose last use in JavaScript is past, while the kernel would still read it.
const messageAt = 0;
const vectorAt = 64;
const addressAt = 80;
const controlAt = 192;
const textAt = 256;
const longestText = 4096;

let block: Buffer | undefined;

/**
 * Sends one datagram to a Unix socket (a path, or `@name` for an abstract one), with a descriptor
 * if there is one, and never waits. Throws a system error: EAGAIN when the receiver has no room.
 */
export function sendDatagram(to: string, text: string, descriptor: number | null): void {
  block ??= Buffer.allocUnsafeSlow(textAt + longestText);
  writeMessage(block, to, text);
  if (descriptor !== null) writeRights(block, descriptor);
  const socket = libc('socket', AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    libc('sendmsg', socket, block, MSG_DONTWAIT | MSG_NOSIGNAL);
  } finally {
    closeDescriptor(socket);
  }
}

/** `struct msghdr` with its address and a vector of one text. */
function writeMessage(into: Buffer, to: string, text: string): void {
  const length = Buffer.byteLength(text);
  if (length > longestText)
    throw new TsgunError('TSGUN_E_SYSTEM', `Cannot send a datagram of ${length} bytes`);
  into.fill(0, 0, textAt);
  into.write(text, textAt);
  writePointer(into, vectorAt, textAt);
  into.writeBigUInt64LE(BigInt(length), vectorAt + 8);
  writePointer(into, messageAt, addressAt);
  into.writeUInt32LE(writeAddress(into, to), messageAt + 8);
  writePointer(into, messageAt + 16, vectorAt);
  into.writeBigUInt64LE(1n, messageAt + 24);
}

const writePointer = (into: Buffer, at: number, target: number): void =>
  void into.writeBigUInt64LE(addressOf(into) + BigInt(target), at);

/** `struct sockaddr_un`; returns its length, which for an abstract name ends with the name. */
function writeAddress(into: Buffer, to: string): number {
  if (!/^[/@]/.test(to) || Buffer.byteLength(to) > longestUnixPath)
    throw new TsgunError('TSGUN_E_SYSTEM', `Cannot use ${JSON.stringify(to)} as a Unix socket`);
  into.writeUInt16LE(AF_UNIX, addressAt);
  const written = into.write(to, addressAt + 2);
  if (to.startsWith('@')) into[addressAt + 2] = 0;
  return 2 + written;
}

/** `struct cmsghdr` with one descriptor, padded to eight bytes. */
function writeRights(into: Buffer, descriptor: number): void {
  into.writeBigUInt64LE(20n, controlAt);
  into.writeInt32LE(SOL_SOCKET, controlAt + 8);
  into.writeInt32LE(SCM_RIGHTS, controlAt + 12);
  into.writeInt32LE(descriptor, controlAt + 16);
  writePointer(into, messageAt + 32, controlAt);
  into.writeBigUInt64LE(24n, messageAt + 40);
}
