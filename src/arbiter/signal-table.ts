import type { Command } from './event.ts';

interface SignalEntry {
  /** How Gunicorn writes it in `Handling signal: hup`. */
  name: string;
  command: Command;
  /** The line in the man page. */
  summary: string;
}

/** What each signal to the arbiter asks for; CHLD is the event loop's own business. */
export const signalTable = {
  SIGTERM: {
    name: 'term',
    command: { command: 'stop', how: 'graceful' },
    summary: 'Stop: requests in flight are finished, up to graceful_timeout.',
  },
  SIGINT: { name: 'int', command: { command: 'stop', how: 'quick' }, summary: 'Stop at once.' },
  SIGQUIT: { name: 'quit', command: { command: 'stop', how: 'quick' }, summary: 'Stop at once.' },
  SIGHUP: {
    name: 'hup',
    command: { command: 'reload' },
    summary: 'Reload settings and code; the old workers serve until the new ones are ready.',
  },
  SIGTTIN: { name: 'ttin', command: { command: 'scale', by: 1 }, summary: 'One worker more.' },
  SIGTTOU: { name: 'ttou', command: { command: 'scale', by: -1 }, summary: 'One worker less.' },
  SIGUSR1: { name: 'usr1', command: { command: 'reopen' }, summary: 'Reopen every log file.' },
  SIGUSR2: {
    name: 'usr2',
    command: { command: 'upgrade' },
    summary: 'Start the program anew with the same sockets and hand over when it serves.',
  },
  SIGWINCH: {
    name: 'winch',
    command: { command: 'quiet' },
    summary:
      'Retire all workers, keep the sockets; ignored on a terminal, which sends it on resize.',
  },
} as const satisfies Partial<Record<NodeJS.Signals, SignalEntry>>;

export type HandledSignal = keyof typeof signalTable;

export const handledSignals = Object.keys(signalTable) as HandledSignal[];
