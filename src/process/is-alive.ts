import { readFileSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** One that has ended is dead, also while nobody has waited for it yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
  return !isZombie(pid);
}

/** It has ended, and nobody has waited for it. */
export function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false; // hidden, or it has just gone: the next look will tell
  }
}
