import { TsgunError } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import { type CapturedOutput, captureOutput } from '../log/captured-output.ts';
import type { ChildExit, Spawn, SpawnedChild, SpawnRequest } from '../process/spawn.ts';
import { type FromWorker, parseFromWorker, type ToWorker } from '../protocol/worker.ts';
import { takeAutopsy, takeStack } from './autopsy.ts';
import { InspectorDoor } from './inspector-door.ts';

/** Where the inspector listens is told on stderr. */
const deaf = 'capture_output is off';

export interface WorkerHandleOptions {
  slot: number;
  spawn: Spawn;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  onMessage(message: FromWorker): void;
  onExit(exit: ChildExit, tail: string): void;
}

/** The arbiter's view of one child: its process, its channel and its captured output. */
export class WorkerHandle {
  readonly pid: number | undefined;
  readonly #child: SpawnedChild;
  readonly #outputs: CapturedOutput[] = [];
  readonly #door: InspectorDoor;
  readonly #gone = new AbortController();
  /** Node hears our signal; before, and at its end, it would die of it. */
  #heard = false;
  #stack: ReturnType<typeof takeStack> | null = null;

  constructor(request: SpawnRequest, options: WorkerHandleOptions) {
    this.#child = options.spawn(request);
    this.pid = this.#child.pid;
    this.#door = new InspectorDoor({
      knock: () => this.#child.kill('SIGUSR1'),
      shut: () => this.send({ type: 'close-inspector' }),
    });
    this.#capture(options);
    this.#child.onMessage((message) => {
      const parsed = parseFromWorker(message);
      if (!parsed) return;
      this.#heard = parsed.type !== 'drained';
      options.onMessage(parsed);
    });
    this.#child.onExit((exit) => {
      this.#gone.abort(new Error('it has left'));
      options.onExit(exit, this.#tail());
    });
  }

  send(message: ToWorker): void {
    this.#child.send(message);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The stack of its blocked loop and what was in flight, or why there is none; never rejects. */
  autopsy(budgetMs: number): Promise<string> {
    if (this.#outputs.length === 0) return Promise.resolve(`No stack could be taken: ${deaf}`);
    return takeAutopsy(this.#door, this.#within(budgetMs));
  }

  /** What it does at this moment, without harm to it; who asks meanwhile gets the same answer. */
  takeStack(budgetMs: number): Promise<{ stack: string; inFlight: string[] }> {
    const obstacle = this.#outputs.length === 0 ? deaf : this.#heard ? null : 'it does not run';
    if (obstacle !== null) {
      const message = `Cannot take the stack: ${obstacle}`;
      return Promise.reject(new TsgunError('TSGUN_E_OPERATION', message));
    }
    this.#stack ??= takeStack(this.#door, this.#within(budgetMs)).finally(() => {
      this.#stack = null;
    });
    return this.#stack;
  }

  #within(budgetMs: number): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(budgetMs), this.#gone.signal]);
  }

  #capture({ slot, log, now }: WorkerHandleOptions): void {
    const { stdout, stderr } = this.#child;
    const pid = this.#child.pid ?? 0;
    const options = { slot, pid, log, now };
    if (stdout) this.#outputs.push(captureOutput(stdout, { ...options, level: 'info' }));
    if (!stderr) return;
    const intercept = (line: string) => this.#door.hear(line);
    this.#outputs.push(captureOutput(stderr, { ...options, level: 'error', intercept }));
  }

  /** Stderr comes last, because that is where a dying program writes. */
  #tail(): string {
    return this.#outputs
      .map((output) => output.tail())
      .filter((tail) => tail !== '')
      .join('\n');
  }
}
