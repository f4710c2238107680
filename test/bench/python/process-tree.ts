import { readFileSync } from 'node:fs';
import { childrenOf } from '../../helpers/processes.ts';

/** A process and all below it. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}

/**
 * CPU time of the trees in microseconds, with that of children that have ended and were waited for.
 * A tick of the kernel is 10 ms: short measurements are worth nothing.
 */
export function cpuMicroseconds(roots: readonly number[]): number {
  let ticks = 0;
  for (const pid of roots.flatMap(treeOf)) {
    try {
      const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
      const fields = rest.split(' ').slice(11, 15).map(Number);
      ticks += fields.reduce((sum, field) => sum + field, 0);
    } catch {
      // ENOENT: it has just ended.
    }
  }
  return ticks * 10_000;
}

/** Proportional set size, KiB. */
export const pssKib = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);

/** The most memory that a process ever had, KiB. */
export const peakKib = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
