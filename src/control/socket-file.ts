import {
  type BigIntStats,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
} from 'node:fs';
import { connect } from 'node:net';
import { errnoOf } from '../core/errors.ts';

/** Of open(2), missing in Node's constants: a handle on whatever is there, without opening it. */
const O_PATH = 0o10000000;

export interface Rights {
  mode: number;
  group: number | null;
}

/**
 * One handle is held on the new socket, checked, and given group and mode, so that nothing that
 * somebody puts in its place in between can get them.
 */
export function setRights(file: string, { mode, group }: Rights): void {
  const handle = openSync(file, O_PATH | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(handle);
    if (!stat.isSocket() || stat.nlink !== 1 || stat.uid !== process.geteuid?.())
      throw new Error('somebody has replaced it');
    const held = `/proc/self/fd/${handle}`;
    if (group !== null) chownSync(held, -1, group);
    chmodSync(held, mode);
  } finally {
    closeSync(handle);
  }
}

/** What is there now; null for nothing. Throws for what is no socket. */
export function findSocket(file: string): BigIntStats | null {
  const there = lstatSync(file, { throwIfNoEntry: false, bigint: true });
  if (!there) return null;
  if (!there.isSocket()) throw new Error('the path exists and is no socket');
  return there;
}

/** An inode number alone is used again for the next file. */
export const isSame = (a: BigIntStats, b: BigIntStats): boolean =>
  a.dev === b.dev && a.ino === b.ino && a.mtimeNs === b.mtimeNs;

/** A stuck server counts as a living one. */
const probeMs = 500;

/** Only a refused connection proves that nobody serves a socket. */
export function isServed(file: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(file);
    socket.setTimeout(probeMs, () => settle(true));
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => {
      const errno = errnoOf(error) ?? '';
      if (errno === 'ECONNREFUSED' || errno === 'ENOENT') settle(false);
      else if (errno === 'EAGAIN')
        settle(true); // the queue of its connections is full
      else reject(error);
    });
    function settle(served: boolean) {
      socket.destroy();
      resolve(served);
    }
  });
}
