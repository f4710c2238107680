import { type Deferred, deferred } from '../core/deferred.ts';
import type { Log } from '../core/logger.ts';
import { type CapturedOutput, captureOutput } from '../log/captured-output.ts';
import { type Dialled, forkedChild } from '../process/forked-child.ts';
import type { ChildExit, Spawn, SpawnedChild, SpawnRequest } from '../process/spawn.ts';
import { becomeSubreaper } from '../process/subreaper.ts';
import type { NurseryStart, ToNursery } from '../protocol/nursery.ts';
import { type FromWorker, parseFromWorker } from '../protocol/worker.ts';
import type { Examiner, Findings } from './examiner.ts';
import { NurseryDoor } from './nursery-door.ts';
import { examinePython } from './python-examiner.ts';
import type { ChildId } from './state.ts';

export interface NurseryOptions {
  spawn: Spawn;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
}

export type Failure = Extract<FromWorker, { type: 'failed' }>;

/** How it went with a worker that was wanted. */
export type Birth =
  | { outcome: 'born'; worker: SpawnedChild }
  /** The app cannot be imported. */
  | { outcome: 'failed'; failure: Failure }
  /** The nursery itself has ended. */
  | { outcome: 'lost'; exit: ChildExit; tail: string };

/**
 * The process that imports the app of one generation once, and forks its workers. It starts with the
 * first of them; when it dies they live on, and the next starts another.
 */
export class Nursery {
  readonly #options: NurseryOptions;
  readonly #waiting = new Map<ChildId, Deferred<Birth>>();
  #door: NurseryDoor | null = null;
  #process: SpawnedChild | null = null;
  #outputs: CapturedOutput[] = [];
  #examiner: Examiner | null = null;
  #closed = false;

  constructor(options: NurseryOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** A nursery is started, if there is none, as this worker would have been. */
  fork(child: ChildId, request: SpawnRequest, start: NurseryStart['start']): Promise<Birth> {
    const birth = deferred<Birth>();
    this.#waiting.set(child, birth);
    this.#process ??= this.#start(request, start);
    this.#send({ type: 'fork', child });
    return birth.promise;
  }

  /** Nobody waits for this one any more. */
  forget(child: ChildId): void {
    this.#waiting.delete(child);
  }

  /** What the import is at. */
  async takeStack(budgetMs: number): Promise<Findings> {
    const nothing = { stack: 'It never started', inFlight: [] };
    return this.#examiner?.takeStack(AbortSignal.timeout(budgetMs)) ?? nothing;
  }

  /** The same where it hangs, and it is ended. */
  async autopsy(budgetMs: number): Promise<string> {
    const nursery = this.#process;
    const stack = await this.#examiner?.autopsy(AbortSignal.timeout(budgetMs));
    nursery?.kill('SIGKILL');
    return stack ?? 'It never started';
  }

  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  close(): void {
    this.#closed = true;
    this.#door?.close();
    this.kill('SIGKILL');
  }

  #start(request: SpawnRequest, start: NurseryStart['start']): SpawnedChild {
    becomeSubreaper();
    const capture = request.output === 'capture';
    this.#door ??= new NurseryDoor(capture, (child, parts) => this.#deliver(child, parts));
    const nursery = this.#options.spawn({
      ...request,
      env: { ...request.env, TSGUN_NURSERY: '1' },
    });
    nursery.onMessage((message) => this.#hear(nursery, parseFromWorker(message)));
    nursery.onExit((exit) => this.#ended(nursery, exit));
    this.#capture(nursery);
    this.#examiner = examine(nursery);
    const door = this.#door.address;
    const message: ToNursery = { type: 'nursery', start, door, capture, arbiter: process.pid };
    nursery.send(message);
    return nursery;
  }

  #send(message: ToNursery): void {
    this.#process?.send(message);
  }

  #hear(nursery: SpawnedChild, message: FromWorker | undefined): void {
    const { pid } = nursery;
    if (message?.type === 'log') {
      this.#options.log({ level: message.level, message: message.message, ...(pid && { pid }) });
    }
    if (message?.type !== 'failed' || nursery !== this.#process) return;
    // The next worker gets a nursery of its own.
    this.#process = null;
    nursery.kill('SIGKILL');
    this.#settle({ outcome: 'failed', failure: message });
  }

  #deliver(child: ChildId, parts: Dialled): void {
    const worker = forkedChild(parts);
    const birth = this.#waiting.get(child);
    this.#waiting.delete(child);
    if (birth && !this.#closed) return birth.resolve({ outcome: 'born', worker });
    worker.kill('SIGKILL');
  }

  #ended(nursery: SpawnedChild, exit: ChildExit): void {
    if (nursery !== this.#process) return;
    this.#process = null;
    const tail = this.#outputs.map((output) => output.tail()).join('\n');
    this.#settle({ outcome: 'lost', exit, tail: tail.trim() });
  }

  #settle(birth: Birth): void {
    for (const waiting of this.#waiting.values()) waiting.resolve(birth);
    this.#waiting.clear();
  }

  #capture({ stdout, stderr, pid = 0 }: SpawnedChild): void {
    const { log, now } = this.#options;
    const options = { slot: null, pid, log, now };
    this.#outputs = [
      ...(stdout ? [captureOutput(stdout, { ...options, level: 'info' })] : []),
      ...(stderr ? [captureOutput(stderr, { ...options, level: 'error' })] : []),
    ];
  }
}

const examine = ({ pid, kill, stack }: SpawnedChild): Examiner =>
  examinePython({
    pid,
    kill: (signal) => void kill(signal),
    stack,
    inFlight: () => Promise.resolve([]),
    abortHook: false,
  });
