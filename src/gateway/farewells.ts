import type { Carrier } from './carrier.ts';

/** A WebSocket or an event stream, which would keep its worker for ever. */
export interface Endless {
  readonly carrier: Carrier | null;
  sendAway(): void;
}

/** Sends away whoever stays for ever, one after the other, so that not all come again at once. */
export class Farewells {
  readonly #withinMs: number;
  readonly #endless = new Set<Endless>();
  readonly #leaving = new Map<Endless, NodeJS.Timeout>();

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  get size(): number {
    return this.#endless.size;
  }

  /** Those that are still to be sent away. */
  get leaving(): number {
    return this.#leaving.size;
  }

  add(one: Endless): void {
    this.#endless.add(one);
  }

  delete(one: Endless): void {
    this.#endless.delete(one);
    clearTimeout(this.#leaving.get(one));
    this.#leaving.delete(one);
  }

  /** All of a worker, or all there are. */
  start(child: number | null): void {
    for (const one of this.#endless) {
      const isMeant = child === null || one.carrier?.worker.child === child;
      if (!isMeant || this.#leaving.has(one)) continue;
      const timer = setTimeout(() => {
        this.delete(one);
        one.sendAway();
      }, Math.random() * this.#withinMs);
      this.#leaving.set(one, timer);
    }
  }

  /** The worker takes part again, or all do. */
  revoke(child: number | null): void {
    for (const [one, timer] of this.#leaving) {
      if (child !== null && one.carrier?.worker.child !== child) continue;
      clearTimeout(timer);
      this.#leaving.delete(one);
    }
  }
}
