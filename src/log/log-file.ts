import { closeSync, constants, fchownSync, fstatSync, openSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import { errnoOf, messageOf, TsgunError } from '../core/errors.ts';

const mode = 0o640;

export interface Owner {
  uid: number;
  gid: number;
}

/** Opens a log file for whole lines at its end, made if need be. Throws TSGUN_E_LOG. */
export function openLogFile(path: string, owner: Owner | null = null): number {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;
  try {
    // Nobody may read a FIFO just now; that must not hold us up for ever.
    const fd = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NOCTTY | O_NONBLOCK, mode);
    if (owner && process.geteuid?.() === 0 && fstatSync(fd).isFile()) {
      fchownSync(fd, owner.uid, owner.gid);
    }
    return fd;
  } catch (cause) {
    throw new TsgunError('TSGUN_E_LOG', `Cannot open log file "${path}": ${describe(cause)}`, {
      cause,
    });
  }
}

/** Makes a log file for a process that may not make it itself. Throws TSGUN_E_LOG. */
export function createLogFile(path: string, owner: Owner | null): void {
  closeSync(openLogFile(path, owner));
}

function describe(cause: unknown): string {
  const errno = cause instanceof Error && 'errno' in cause ? Number(cause.errno) : undefined;
  if (errno === undefined) return messageOf(cause);
  return `${getSystemErrorMessage(errno)} (${errnoOf(cause)})`;
}
