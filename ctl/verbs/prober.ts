import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describeCause } from '../../src/core/errors.ts';
import { type Target, targetOf } from '../doctor/probe.ts';

/** From the beginning of one request to that of the next. */
const intervalMs = 20;
const longestMs = 5000;

export interface ProbeFailure {
  url: string;
  path: string;
  why: string;
  /** Since the first probe. */
  afterMs: number;
}

interface Door {
  url: string;
  target: Target;
}

/** Sends one request after the other through each listener, each on a connection of its own. */
export class Prober {
  /** Settles with the first failure, and never without one. */
  readonly failed: Promise<ProbeFailure>;
  count = 0;
  readonly #doors: readonly Door[];
  readonly #path: string;
  readonly #startedAt = performance.now();
  readonly #ending = new AbortController();
  #fail: (failure: ProbeFailure) => void = () => undefined;

  constructor(listeners: readonly { address: string; url: string }[], path: string) {
    this.#path = path;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#doors = listeners.flatMap(({ address, url }) => {
      const target = targetOf(address);
      return target === null ? [] : [{ url, target }];
    });
  }

  get doors(): number {
    return this.#doors.length;
  }

  /** One probe through each door. */
  async probeOnce(): Promise<ProbeFailure | null> {
    const failures = await Promise.all(this.#doors.map((door) => this.#probe(door)));
    return failures.find((failure) => failure !== null) ?? null;
  }

  start(): void {
    for (const door of this.#doors) void this.#goOn(door);
  }

  close(): void {
    this.#ending.abort();
  }

  async #goOn(door: Door): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const next = delay(intervalMs);
      const failure = await this.#probe(door);
      if (failure !== null) return this.#fail(failure);
      await next;
    }
  }

  async #probe({ url, target }: Door): Promise<ProbeFailure | null> {
    const why = await ask(target, this.#path, this.#ending.signal);
    if (this.#ending.signal.aborted) return null;
    this.count += 1;
    const afterMs = Math.round(performance.now() - this.#startedAt);
    return why === null ? null : { url, path: this.#path, why, afterMs };
  }
}

/** What is wrong with the answer, if anything. */
function ask(target: Target, path: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const headers = { host: 'localhost', connection: 'close', 'user-agent': 'tsgunctl-prove' };
    const asked = request({ ...target, path, headers, agent: false, signal });
    const settle = (why: string | null) => {
      clearTimeout(timer);
      resolve(why);
      asked.destroy();
    };
    const timer = setTimeout(() => settle(`no answer within ${longestMs / 1000}s`), longestMs);
    asked.on('error', (error) => settle(describeCause(error)));
    asked.on('response', (response) => {
      const { statusCode = 0 } = response;
      const verdict = statusCode >= 500 ? `status ${statusCode}` : null;
      response.on('error', () => settle('the answer was cut off'));
      response.on('end', () => settle(verdict));
      response.resume();
    });
    asked.end();
  });
}
