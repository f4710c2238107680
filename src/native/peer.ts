import { errnoOf } from '../core/errors.ts';
import { intCell, libc } from './libc.ts';

// The numbers of Linux, the same on x64 and arm64: unix(7), socket(7), poll(2).
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
const POLLHUP = 0x10;

export interface Credentials {
  pid: number;
  uid: number;
  gid: number;
}

/** Who the other end of a Unix socket was when it connected: `struct ucred`. */
export function peerCredentials(fd: number): Credentials {
  const bytes = Buffer.alloc(12);
  libc('getsockopt', fd, SOL_SOCKET, SO_PEERCRED, bytes, intCell(bytes.length));
  return { pid: bytes.readInt32LE(0), uid: bytes.readUInt32LE(4), gid: bytes.readUInt32LE(8) };
}

/** The supplementary groups it had then; none where the kernel cannot tell (before 4.13). */
export function peerGroups(fd: number): number[] {
  const bytes = readOption(fd, SO_PEERGROUPS, Buffer.alloc(32 * 4));
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
}

/** The kernel says how long the answer is when the room is too small. */
function readOption(fd: number, option: number, bytes: Buffer): Buffer {
  const length = intCell(bytes.length);
  try {
    libc('getsockopt', fd, SOL_SOCKET, option, bytes, length);
    return bytes.subarray(0, length.readInt32LE());
  } catch (error) {
    if (errnoOf(error) === 'ENOPROTOOPT') return Buffer.alloc(0);
    if (errnoOf(error) !== 'ERANGE' || length.readInt32LE() <= bytes.length) throw error;
    return readOption(fd, option, Buffer.alloc(length.readInt32LE()));
  }
}

/** Whether the other end is closed for good, and not only for sending. */
export function isHungUp(fd: number): boolean {
  const entry = Buffer.alloc(8); // struct pollfd
  entry.writeInt32LE(fd, 0);
  libc('poll', entry, 1, 0);
  return (entry.readInt16LE(6) & POLLHUP) !== 0;
}
