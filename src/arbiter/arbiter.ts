import type { Clock } from '../core/clock.ts';
import type { ArbiterEvent, Effect } from './event.ts';
import { nextWake } from './liveness.ts';
import type { ArbiterState } from './state.ts';
import { transition } from './transition.ts';

/** The loop looks up at least this often, so that it notices when it was itself held up. */
const longestSleepMs = 250;

export type Perform = (effect: Effect) => void;

/**
 * The loop around the pure core: takes one event at a time, lets `transition` decide, performs the
 * effects, and sleeps until the next deadline. It never awaits, so what it answers is always true.
 */
export class Arbiter {
  readonly #clock: Clock;
  readonly #perform: Perform;
  readonly #queue: ArbiterEvent[] = [];
  #state: ArbiterState;
  #busy = false;
  #cancelWake: () => void = () => undefined;
  #lookedUpAt: number;

  constructor(state: ArbiterState, clock: Clock, perform: Perform) {
    this.#state = state;
    this.#clock = clock;
    this.#perform = perform;
    this.#lookedUpAt = clock.now();
  }

  get state(): ArbiterState {
    return this.#state;
  }

  /** When it last had nothing left to do: never long ago, as long as it lives. */
  get lookedUpAt(): number {
    return this.#lookedUpAt;
  }

  /** The only way in, for signals, exits, messages, commands and time alike. */
  push(event: ArbiterEvent): void {
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#take(next);
    } finally {
      this.#busy = false;
    }
    this.#sleep();
  }

  close(): void {
    this.#cancelWake();
    this.#queue.length = 0;
  }

  #take(event: ArbiterEvent): void {
    const { state, effects } = transition(this.#state, event, this.#clock.now());
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #sleep(): void {
    this.#cancelWake();
    const now = this.#clock.now();
    this.#lookedUpAt = now;
    const wake = Math.max(now, Math.min(nextWake(this.#state), now + longestSleepMs));
    this.#cancelWake = this.#clock.after(Math.ceil(wake - now), () =>
      this.push({ type: 'tick', lateMs: Math.max(0, this.#clock.now() - wake) }),
    );
  }
}
