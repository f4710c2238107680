import type { Caller } from './carrier.ts';
import type { PoolWorker } from './pool-worker.ts';
import { type Queued, RequestQueue } from './request-queue.ts';

/** A caller that can be turned away while it waits. */
export interface WaitingCaller extends Caller, Queued {
  /** The queue is full, or it has waited too long. */
  turnAway(why: string): void;
}

export interface DispatcherOptions {
  /** Requests that may wait. */
  limit: number;
  /** 0: for ever. */
  timeoutMs: number;
  /** Monotonic milliseconds. */
  now(): number;
}

const lookMs = 100;

/** One queue for all requests, and who serves the next one. */
export class Dispatcher {
  /** Requests that were turned away. */
  refused = 0;
  readonly #options: DispatcherOptions;
  readonly #workers = new Set<PoolWorker>();
  readonly #queue = new RequestQueue<WaitingCaller>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get workers(): ReadonlySet<PoolWorker> {
    return this.#workers;
  }

  /** Oldest first. */
  waiting(): Iterable<Caller> {
    return this.#queue;
  }

  submit(caller: WaitingCaller): void {
    caller.since = this.#options.now();
    const worker = this.#queue.length === 0 ? this.#leastBusy() : null;
    if (worker) return worker.take(caller);
    if (this.#queue.length >= this.#options.limit)
      return this.#turnAway(caller, 'the queue is full');
    this.#queue.push(caller);
    this.#watch();
  }

  /** A worker has given it back, so its turn has come already. */
  resubmit(caller: WaitingCaller): void {
    this.#queue.unshift(caller);
    this.#watch();
    this.serve();
  }

  /** Its client has gone. */
  withdraw(caller: WaitingCaller): void {
    this.#queue.delete(caller);
  }

  add(worker: PoolWorker): void {
    this.#workers.add(worker);
  }

  remove(worker: PoolWorker): void {
    this.#workers.delete(worker);
  }

  /** As many as there is room for. */
  serve(): void {
    while (this.#queue.length > 0) {
      const worker = this.#leastBusy();
      if (!worker) return;
      const next = this.#queue.shift();
      if (next) worker.take(next);
    }
  }

  #watch(): void {
    this.#timer ??= setInterval(() => this.#look(), lookMs);
  }

  /** Of those with room the one with the smallest load, and of these the lowest slot (which is warm). */
  #leastBusy(): PoolWorker | null {
    let best: PoolWorker | null = null;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (const worker of this.#workers) {
      const { load } = worker;
      if (worker.room === 0 || load > bestLoad) continue;
      if (load === bestLoad && best !== null && best.slot <= worker.slot) continue;
      best = worker;
      bestLoad = load;
    }
    return best;
  }

  #look(): void {
    const { now, timeoutMs } = this.#options;
    const tooOld = timeoutMs === 0 ? Number.NEGATIVE_INFINITY : now() - timeoutMs;
    for (let first = this.#queue.first; first && first.since <= tooOld; first = this.#queue.first) {
      this.#queue.shift();
      this.#turnAway(first, 'no worker was free in time');
    }
    if (this.#queue.length > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #turnAway(caller: WaitingCaller, why: string): void {
    this.refused += 1;
    caller.turnAway(why);
  }
}
