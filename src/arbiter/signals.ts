import type { Log } from '../core/logger.ts';
import type { Command } from './event.ts';
import { handledSignals, signalTable } from './signal-table.ts';

export interface SignalsOptions {
  obey(command: Command): void;
  log: Log;
  /** A terminal sends WINCH when its window changes, which is nobody's wish. */
  onTerminal: boolean;
}

/** From now on signals steer the arbiter; the returned function gives them back. */
export function listenToSignals({ obey, log, onTerminal }: SignalsOptions): () => void {
  const listeners = handledSignals
    .filter((signal) => !(onTerminal && signal === 'SIGWINCH'))
    .map((signal) => {
      const { name, command } = signalTable[signal];
      const listener = () => {
        log({ level: 'info', message: `Handling signal: ${name}` });
        obey(command);
      };
      process.on(signal, listener);
      return { signal, listener };
    });
  return () => {
    for (const { signal, listener } of listeners) process.removeListener(signal, listener);
  };
}
