import { messageOf, TsgunError } from '../core/errors.ts';
import type { Spawn, SpawnRequest } from './spawn.ts';

/** Set in the environment of a process that somebody waits for: 1. */
export const daemonVariable = 'TSGUN_DAEMON';

/** How a start went. */
export interface Outcome {
  exitCode: number;
  message: string | null;
}

/**
 * Starts this program again in a session of its own and waits until it says over its channel how
 * the start went; after that it belongs to nobody. Throws TSGUN_E_SPAWN.
 */
export function daemonize(
  spawn: Spawn,
  request: Pick<SpawnRequest, 'file' | 'args' | 'cwd' | 'env'>,
): Promise<Outcome> {
  const daemon = spawn({
    ...request,
    env: { ...request.env, [daemonVariable]: '1' },
    descriptors: [],
    output: 'ignore',
    channel: true,
    detached: true,
  });
  return new Promise((resolve, reject) => {
    daemon.onMessage((message) => resolve(parseOutcome(message)));
    daemon.onExit(({ code, signal, error }) => {
      const why = error ? messageOf(error) : `it ended with ${signal ?? `exit code ${code}`}`;
      reject(new TsgunError('TSGUN_E_SPAWN', `Cannot start the daemon: ${why}`));
    });
  });
}

function parseOutcome(message: unknown): Outcome {
  if (typeof message !== 'object' || message === null || !('exitCode' in message)) {
    return { exitCode: 1, message: 'The daemon said something that cannot be understood' };
  }
  const text = 'message' in message && typeof message.message === 'string' ? message.message : null;
  return { exitCode: Number(message.exitCode), message: text };
}

/** The daemon's side: tells whoever waits, once, and lets go of the channel. */
export function tellOutcome(outcome: Outcome): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve();
    process.send?.(outcome, undefined, undefined, () => {
      if (process.connected) process.disconnect?.();
      resolve();
    });
  });
}
