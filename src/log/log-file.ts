import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync } from 'node:fs';
import { describeCause, TsgunError } from '../core/errors.ts';

const { O_APPEND, O_CREAT, O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;
const mode = 0o640;

export interface Owner {
  uid: number;
  gid: number;
}

/** Opens a log file for whole lines at its end, made if need be. Throws TSGUN_E_LOG. */
export function openLogFile(path: string, owner: Owner | null = null): number {
  try {
    // Nobody may read a FIFO just now; that must not hold us up for ever.
    const fd = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NOCTTY | O_NONBLOCK, mode);
    if (owner && process.geteuid?.() === 0) giveAway(path, fd, owner);
    return fd;
  } catch (cause) {
    throw new TsgunError('TSGUN_E_LOG', `Cannot open log file "${path}": ${describeCause(cause)}`, {
      cause,
    });
  }
}

/** Makes a log file for a process that may not make it itself. Throws TSGUN_E_LOG. */
export function createLogFile(path: string, owner: Owner | null): void {
  closeSync(openLogFile(path, owner));
}

/**
 * The same pipe or terminal, behind a descriptor of our own that never blocks: a thread that is
 * stuck in write(2) would keep even `process.exit()` from returning. The flag belongs to whoever
 * shares the open file, so it has to be opened anew; a socket cannot be, and stays as it is.
 */
export function openUnblocked(fd: number): number {
  try {
    const stat = fstatSync(fd);
    if (!stat.isFIFO() && !stat.isCharacterDevice()) return fd;
    return openSync(`/proc/self/fd/${fd}`, O_APPEND | O_WRONLY | O_NOCTTY | O_NONBLOCK);
  } catch {
    return fd; // EACCES: it belongs to somebody else; ENXIO: nobody reads it any more
  }
}

/**
 * Only the very file of that name: whoever may write to the folder could have put a link there, and
 * would be given what it leads to (CVE-2016-1247).
 */
function giveAway(path: string, fd: number, { uid, gid }: Owner): void {
  const opened = fstatSync(fd);
  const named = lstatSync(path);
  const same = named.ino === opened.ino && named.dev === opened.dev;
  if (same && opened.isFile() && opened.nlink === 1) fchownSync(fd, uid, gid);
}
