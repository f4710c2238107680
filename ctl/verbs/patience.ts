import { TsgunError } from '../../src/core/errors.ts';
import { formatDuration } from '../output/format.ts';

/** Ctrl-C: the caller leaves, and what was begun goes on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Settles as `work` does, unless the caller's patience ends before. */
export async function untilImpatient<T>(work: Promise<T>, timeoutMs: number | null): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onSignal: (() => void) | undefined;
  const end = new Promise<never>((_, reject) => {
    onSignal = () => reject(new Interrupted('Interrupted'));
    process.once('SIGINT', onSignal);
    if (timeoutMs !== null)
      timer = setTimeout(() => reject(timeoutError(timeoutMs)), capped(timeoutMs));
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
    if (onSignal) process.off('SIGINT', onSignal);
    work.catch(() => undefined); // nobody waits for it any more, and its failure is no surprise
  }
}

export const timeoutError = (timeoutMs: number): TsgunError =>
  new TsgunError('TSGUN_E_TIMEOUT', `No answer within ${formatDuration(timeoutMs)}`);

/** A timer that is told to wait longer fires at once. */
const capped = (ms: number): number => Math.min(ms, 2 ** 31 - 1);
