import { constants } from 'node:os';
import { ReadStream, WriteStream } from 'node:tty';
import { systemClock } from '../../src/core/clock.ts';
import { controlExitCodes, TsgunError } from '../../src/core/errors.ts';
import type { ControlClient } from '../client.ts';
import { Dashboard } from './dashboard.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Shows the instance until somebody quits; the exit code. TSGUN_E_USAGE without a terminal. The
 * terminal is as before afterwards, and the client still the caller's.
 */
export async function runTop(
  client: ControlClient,
  { instance, color }: { instance: string; color: boolean },
): Promise<number> {
  const { stdin, stdout } = process;
  if (!(stdin instanceof ReadStream && stdout instanceof WriteStream)) {
    throw new TsgunError('TSGUN_E_USAGE', 'Cannot run "top": input and output are no terminal');
  }
  if (process.env['TERM'] === undefined || process.env['TERM'] === 'dumb') {
    throw new TsgunError(
      'TSGUN_E_USAGE',
      'Cannot run "top": the terminal (TERM) cannot be drawn on',
    );
  }
  const { promise, resolve } = Promise.withResolvers<number>();
  const onSignal = (signal: NodeJS.Signals) => resolve(128 + constants.signals[signal]);
  for (const signal of signals) process.on(signal, onSignal);
  const dashboard = new Dashboard(client, systemClock, {
    instance,
    color,
    unicode: speaksUtf8(process.env),
    stdin,
    stdout,
    onQuit: () => resolve(controlExitCodes.done),
    onGone: () => onSignal('SIGHUP'),
  });
  try {
    dashboard.open();
    return await promise;
  } finally {
    dashboard.close();
    for (const signal of signals) process.removeListener(signal, onSignal);
  }
}

const speaksUtf8 = (env: NodeJS.ProcessEnv): boolean =>
  /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
