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
  /** -1 keeps what is: chown(2). Null: both are kept. */
  owner: { uid: number; gid: number } | null;
}

/**
 * In a folder of somebody else's, anything can be put in the place of a new socket between two
 * calls. So one handle is held on it, checked, and given owner and mode.
 */
export function setRights(file: string, { mode, owner }: Rights): void {
  const handle = openSync(file, O_PATH | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(handle);
    if (!stat.isSocket() || stat.nlink !== 1 || stat.uid !== process.geteuid?.())
      throw new Error('somebody has replaced the socket');
    const held = `/proc/self/fd/${handle}`;
    if (owner) chownSync(held, owner.uid, owner.gid);
    chmodSync(held, mode);
  } finally {
    closeSync(handle);
  }
}

/** The same for a socket that was made before: what is right already may be anybody's. */
export function updateRights(file: string, rights: Rights): void {
  const { mode, uid, gid } = lstatSync(file);
  const owner = rights.owner ?? { uid, gid };
  const isRight =
    (mode & 0o7777) === rights.mode &&
    [-1, uid].includes(owner.uid) &&
    [-1, gid].includes(owner.gid);
  if (!isRight) setRights(file, rights);
}

/** What is there now; null for nothing. Throws for what is no socket. */
export function findSocket(file: string): BigIntStats | null {
  const there = lstatSync(file, { throwIfNoEntry: false, bigint: true });
  if (!there) return null;
  if (!there.isSocket()) throw new Error('the path exists and is no socket');
  return there;
}

/** A living server is asked whether it is there; a stuck one counts as living. */
const probeMs = 500;

/** Null when somebody serves a socket, else the error of whoever tries to connect. */
export function probeSocket(file: string): Promise<Error | null> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.setTimeout(probeMs, () => finish(null));
    socket.once('connect', () => finish(null));
    // EAGAIN: somebody listens, and the queue is full.
    socket.once('error', (error) => finish(errnoOf(error) === 'EAGAIN' ? null : error));
    function finish(error: Error | null) {
      socket.destroy();
      resolve(error);
    }
  });
}
