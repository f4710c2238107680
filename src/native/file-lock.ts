import { errnoOf } from '../core/errors.ts';
import { libc } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/** flock(2) without waiting; the kernel takes the lock back when its holder dies. */
export function tryLock(fd: number): boolean {
  try {
    libc('flock', fd, LOCK_EX | LOCK_NB);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN' || errnoOf(error) === 'EWOULDBLOCK') return false;
    throw error;
  }
}
