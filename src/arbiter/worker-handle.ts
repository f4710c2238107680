import type { Log } from '../core/logger.ts';
import { type CapturedOutput, captureOutput } from '../log/captured-output.ts';
import type { ChildExit, SpawnedChild } from '../process/spawn.ts';
import type { ToWorker } from '../protocol/worker.ts';
import type { Examiner, Findings } from './examiner.ts';

export interface WorkerHandleOptions {
  child: SpawnedChild;
  /** Null of a gateway, which is no worker. */
  slot: number | null;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  /** Whoever knows how to look into it. */
  examiner: Examiner;
  onMessage(message: unknown): void;
  onExit(exit: ChildExit, tail: string): void;
}

/** The arbiter's view of one child: its process, its channel and its captured output. */
export class WorkerHandle {
  readonly #child: SpawnedChild;
  readonly #examiner: Examiner;
  readonly #outputs: CapturedOutput[] = [];
  readonly #gone = new AbortController();
  #stack: Promise<Findings> | null = null;

  constructor(options: WorkerHandleOptions) {
    this.#child = options.child;
    this.#examiner = options.examiner;
    this.#capture(options);
    this.#child.onMessage(options.onMessage);
    this.#child.onExit((exit) => {
      this.#gone.abort(new Error('it has left'));
      options.onExit(exit, this.#tail());
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: ToWorker | { type: 'start' }): void {
    this.#child.send(message);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The stack of its blocked loop and what was in flight, or why there is none; never rejects. */
  autopsy(budgetMs: number): Promise<string> {
    return this.#examiner.autopsy(this.#within(budgetMs));
  }

  /** What it does at this moment, without harm to it; who asks meanwhile gets the same answer. */
  takeStack(budgetMs: number): Promise<Findings> {
    this.#stack ??= this.#examiner.takeStack(this.#within(budgetMs)).finally(() => {
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
    const intercept = (line: string) => this.#examiner.hear(line);
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
