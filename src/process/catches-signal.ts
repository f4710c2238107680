import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** Whether a process has a handler for a signal, and would not die of it: `SigCgt` of proc(5). */
export function catchesSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    const [, caught = '0'] =
      /^SigCgt:\s*([\da-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
  } catch {
    return false; // it has gone
  }
}
