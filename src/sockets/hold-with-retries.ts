import type { Clock } from '../core/clock.ts';
import { errnoOf } from '../core/errors.ts';

export interface RetryOptions {
  clock: Clock;
  onRetry(message: string): void;
}

/** How often and how long apart Gunicorn tries an address in use: `sock.py`, `create_sockets`. */
const attempts = 5;
const pauseMs = 1000;

/** Tries an address in use again, as Gunicorn does, because an old server may just be leaving. */
export async function holdWithRetries<T>(
  hold: () => Promise<T>,
  { clock, onRetry }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await hold();
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (errnoOf(cause) !== 'EADDRINUSE') throw error;
      onRetry(`Connection in use: ${error instanceof Error ? error.message : ''}`);
      if (attempt === attempts) throw error;
      onRetry('Retrying in 1 second.');
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }
}
