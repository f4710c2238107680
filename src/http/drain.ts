import { deferred } from '../core/deferred.ts';
import type { Connection } from './connection.ts';
import type { Traffic } from './traffic.ts';

/** How often a drain looks around. */
const lookMs = 10;

/** A queue that gave nothing for this long is empty; a flood is cut off after the longest. */
const quietMs = 50;
const longestAcceptMs = 500;

export interface Acceptor {
  /** Monotonic milliseconds of the last connection. */
  readonly lastAccept: number;
  /** True when nothing is accepted any more; else it is asked again. */
  close(): boolean;
}

export interface DrainOptions {
  /** Nobody else will accept what waits in the queue. */
  emptyBacklog: boolean;
  /** How long a connection may be idle before it is closed. */
  lingerMs: number;
  /** When what is left is cut. */
  graceMs: number;
  /** Monotonic milliseconds since when idle connections linger, if not from now on. */
  lingerSince?: number;
}

/** Accepts nothing new, lets every request finish, and is over when no connection is left. */
export class Drain {
  readonly lingerSince: number;
  readonly #traffic: Traffic;
  readonly #acceptor: Acceptor;
  readonly #begun = performance.now();
  readonly #ended = deferred<boolean>();
  readonly #timer: NodeJS.Timeout;
  /** Since its backlog is emptied, if it is. */
  #emptying: boolean;
  #lingerMs: number;
  #cutAt: number;
  #givenUp = false;

  constructor(traffic: Traffic, acceptor: Acceptor, options: DrainOptions) {
    this.#traffic = traffic;
    this.#acceptor = acceptor;
    this.#emptying = options.emptyBacklog;
    this.#lingerMs = options.lingerMs;
    this.#cutAt = this.#begun + options.graceMs;
    this.lingerSince = options.lingerSince ?? this.#begun;
    if (!this.#emptying) acceptor.close();
    traffic.closeAfterAnswers();
    this.#timer = setInterval(() => this.#look(performance.now()), lookMs);
  }

  /** False when it was given up before its end. */
  get over(): Promise<boolean> {
    return this.#ended.promise;
  }

  /** Asked again, it can only be over sooner. */
  hasten({ lingerMs, graceMs }: Pick<DrainOptions, 'lingerMs' | 'graceMs'>): void {
    this.#lingerMs = Math.min(this.#lingerMs, lingerMs);
    this.#cutAt = Math.min(this.#cutAt, performance.now() + graceMs);
  }

  /** Touches no connection any more. */
  giveUp(): void {
    this.#givenUp = true;
    clearInterval(this.#timer);
    this.#ended.resolve(false);
  }

  #look(now: number): void {
    const late = now >= this.#cutAt;
    if (this.#emptying && (late || this.#isQuiet(now))) this.#emptying = false;
    const closed = !this.#emptying && this.#acceptor.close();
    if (late) this.#cutAll();
    this.#closeIdle(now);
    if (!closed || this.#traffic.connections.size > 0) return;
    clearInterval(this.#timer);
    this.#ended.resolve(true);
  }

  #isQuiet(now: number): boolean {
    const { lastAccept } = this.#acceptor;
    return (
      now - Math.max(this.#begun, lastAccept) >= quietMs || now - this.#begun >= longestAcceptMs
    );
  }

  #closeIdle(now: number): void {
    for (const connection of this.#traffic.connections.values()) {
      const idleFor = now - Math.max(this.lingerSince, connection.idleSince);
      if (connection.idle && idleFor >= this.#lingerMs) this.#closeWhenStillIdle(connection);
    }
  }

  /** A request that has just arrived in the kernel is read in the next poll, before `setImmediate`. */
  #closeWhenStillIdle(connection: Connection): void {
    setTimeout(() =>
      setImmediate(() => {
        if (connection.idle && !this.#givenUp) connection.socket.destroySoon();
      }),
    );
  }

  #cutAll(): void {
    for (const { socket } of this.#traffic.connections.values()) socket.destroy();
  }
}
