import type { Log } from '../core/logger.ts';

export interface SignalsOptions {
  log: Log;
  onTerm(): void;
  onInterrupt(): void;
}

/** Meant for the arbiter; a signal to the whole group must not end its workers. */
const foreign = ['SIGHUP', 'SIGUSR2', 'SIGWINCH', 'SIGTTIN', 'SIGTTOU'] as const;

/** SIGUSR1 is Node's: it opens the inspector, which the arbiter uses. SIGPIPE Node ignores. */
export function watchSignals({ log, onTerm, onInterrupt }: SignalsOptions): void {
  process.on('SIGTERM', onTerm);
  process.once('SIGINT', onInterrupt);
  process.once('SIGQUIT', onInterrupt);
  for (const signal of foreign) {
    const message = `Ignoring ${signal}: it is meant for the arbiter`;
    process.on(signal, () => log({ level: 'debug', message }));
  }
}
