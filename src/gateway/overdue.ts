import type { Carrier } from './carrier.ts';

/** A request that a worker has. */
export interface Overdue {
  readonly method: string;
  readonly path: string;
  readonly ageMs: number;
  readonly carrier: Carrier | null;
  expire(): void;
}

const lookMs = 100;

/** Ends requests that take longer than `request_timeout` (milliseconds). */
export class Deadlines {
  readonly #timeoutMs: number;
  /** Only a new worker helps. */
  readonly #onOverdue: (call: Overdue, child: number) => void;
  /** In the order in which they began. */
  readonly #begun = new Map<Overdue, number>();
  readonly #timer: NodeJS.Timeout | null;

  constructor(timeoutMs: number, onOverdue: (call: Overdue, child: number) => void) {
    this.#timeoutMs = timeoutMs;
    this.#onOverdue = onOverdue;
    this.#timer = timeoutMs > 0 ? setInterval(() => this.#look(), lookMs).unref() : null;
  }

  add(call: Overdue): void {
    if (this.#timer) this.#begun.set(call, performance.now());
  }

  delete(call: Overdue): void {
    if (this.#timer) this.#begun.delete(call);
  }

  #look(): void {
    const latest = performance.now() - this.#timeoutMs;
    for (const [call, at] of this.#begun) {
      if (at > latest) return;
      this.#begun.delete(call);
      const { carrier } = call;
      call.expire();
      if (carrier && !carrier.obeysCancel) this.#onOverdue(call, carrier.worker.child);
    }
  }
}
