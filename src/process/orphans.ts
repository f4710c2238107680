import { readdirSync, readFileSync } from 'node:fs';
import { intCell, libc } from '../native/libc.ts';
import { isZombie } from './is-alive.ts';
import { spawnedPids } from './spawn.ts';
import { isSubreaper } from './subreaper.ts';
import { waitedFor } from './wait-for-exit.ts';

const WNOHANG = 1;

/** Buries orphans that have become ours, if any could have. */
export function buryOrphans(): void {
  if (isSubreaper()) reapOrphans([...spawnedPids(), ...waitedFor()]);
}

/**
 * As pid 1 every orphan of the machine becomes our child, as a subreaper every one below us. Buries
 * the dead ones among them, but never our own, whose exit somebody is waiting for.
 */
export function reapOrphans(ours: readonly number[]): void {
  for (const pid of childrenOf(process.pid)) {
    if (ours.includes(pid) || !isZombie(pid)) continue;
    try {
      libc('waitpid', pid, intCell(0), WNOHANG);
    } catch {
      // Somebody else has waited for it.
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return [];
  }
}
