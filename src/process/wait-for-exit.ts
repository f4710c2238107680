import { constants } from 'node:os';
import { errnoOf } from '../core/errors.ts';
import { intCell, libc } from '../native/libc.ts';

const WNOHANG = 1;

/** Should a signal ever be missed: several children that end together are one SIGCHLD. */
const lookMs = 500;

export interface WaitStatus {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const waited = new Map<number, (status: WaitStatus) => void>();
let timer: NodeJS.Timeout | null = null;

/** Waits for a child that Node has not started; Node waits for its own only. */
export function waitForExit(pid: number, listener: (status: WaitStatus) => void): void {
  if (waited.size === 0) {
    process.on('SIGCHLD', look);
    timer = setInterval(look, lookMs).unref();
  }
  waited.set(pid, listener);
  setImmediate(look);
}

/** The children that are waited for here. */
export const waitedFor = (): number[] => [...waited.keys()];

function look(): void {
  for (const [pid, listener] of [...waited]) {
    const status = collect(pid);
    if (!status) continue;
    waited.delete(pid);
    listener(status);
  }
  if (waited.size > 0) return;
  process.off('SIGCHLD', look);
  if (timer) clearInterval(timer);
}

/** Undefined while it lives. */
function collect(pid: number): WaitStatus | undefined {
  const cell = intCell(0);
  try {
    if (libc('waitpid', pid, cell, WNOHANG) === 0) return undefined;
  } catch (error) {
    if (errnoOf(error) !== 'ECHILD') throw error;
    return { code: null, signal: null }; // somebody else has waited for it
  }
  return decode(cell.readInt32LE());
}

/** wait(2): the low bits are the signal, the next byte is the code. */
function decode(status: number): WaitStatus {
  const number = status & 0x7f;
  if (number === 0) return { code: (status >> 8) & 0xff, signal: null };
  const name = Object.entries(constants.signals).find(([, known]) => known === number)?.[0];
  return { code: null, signal: (name ?? 'SIGKILL') as NodeJS.Signals };
}
