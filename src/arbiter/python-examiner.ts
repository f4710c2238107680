import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { TsgunError } from '../core/errors.ts';
import { catchesSignal } from '../process/catches-signal.ts';
import { explain, renderInFlight } from './autopsy.ts';
import type { Examiner, Findings } from './examiner.ts';
import { untilAborted } from './inspector.ts';
import { cleanPythonStack } from './python-stack.ts';

export interface PythonPatient {
  pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  /** Where its faulthandler writes. */
  stack: Readable | null;
  /** Asks those who gave it its requests. */
  inFlight(): Promise<string[]>;
  /** Whether it has a hook for its abort. */
  abortHook: boolean;
}

/** Nothing more comes when nothing has come for so long. */
const quietMs = 100;
const longestStack = 256 * 1024;

/** What faulthandler writes before a stack of all threads. */
const busy = /^(?:Current thread|Thread) 0x[\da-f]+/m;

/** Has a Python process write its stacks, which it does from its signal handler, whatever it is at. */
export function examinePython(patient: PythonPatient): Examiner {
  const reader = new StackReader(patient.stack);
  const look = async (signal: AbortSignal): Promise<Findings> => {
    const { pid } = patient;
    if (pid === undefined || !catchesSignal(pid, 'SIGUSR2'))
      throw new Error('it has not begun yet');
    const inFlight = patient.inFlight();
    const stack = await reader.read(() => patient.kill('SIGUSR2'), signal);
    return { stack, inFlight: await inFlight };
  };
  return {
    async autopsy(signal) {
      try {
        const { stack, inFlight } = await look(signal);
        if (patient.abortHook) patient.kill('SIGABRT');
        // Where it is nothing of the app, it is one of ours.
        const frames = cleanPythonStack(stack) || stack;
        return ['Stack of the hung worker:', frames, ...renderInFlight(inFlight)].join('\n');
      } catch (error) {
        return `No stack could be taken: ${explain(error, signal)}`;
      }
    },
    async takeStack(signal) {
      try {
        const { stack, inFlight } = await look(signal);
        return { stack: cleanPythonStack(stack) || 'It waits for requests', inFlight };
      } catch (error) {
        const message = `Cannot take the stack: ${explain(error, signal)}`;
        throw new TsgunError('TSGUN_E_OPERATION', message, { cause: error });
      }
    },
    hear: () => false,
  };
}

/** Reads what comes in one piece after it was asked for. */
class StackReader {
  #text = '';
  #heardAt = 0;

  constructor(stream: Readable | null) {
    stream?.on('data', (chunk: Buffer) => {
      this.#heardAt = performance.now();
      if (this.#text.length < longestStack) this.#text += chunk.toString('utf8');
    });
    stream?.on('error', () => undefined); // its exit says all
  }

  async read(ask: () => void, signal: AbortSignal): Promise<string> {
    this.#text = '';
    ask();
    while (!busy.test(this.#text) || performance.now() - this.#heardAt < quietMs) {
      await untilAborted(pause(quietMs / 4), signal);
    }
    return this.#text.trimEnd();
  }
}
