import type { Clock } from '../core/clock.ts';
import type { NotificationName } from '../protocol/control/notifications.ts';
import type { Connection } from './connection.ts';
import type { Limits } from './limits.ts';
import { Ring } from './ring.ts';

export type Topic = 'events' | 'log';

const notificationOf = { events: 'event', log: 'log' } as const satisfies Record<
  Topic,
  NotificationName
>;

export interface Subscription {
  connection: Connection;
  /** Least rank that is wanted. */
  rank: number;
  /** Number of the last one that was sent or passed over. */
  seq: number;
  /** Nothing is sent before the answer to `subscribe`. */
  isStarted: boolean;
}

/** Entries that come faster than this leave together: a write for each would cost every subscriber's time. */
const gatherMs = 20;
/** But not so many that a reader who keeps up would miss some. */
const mostGathered = 200;
/** What is put together for one write. */
const writeBytes = 64 * 1024;

/**
 * One topic. A subscriber is only a number in the ring: what it has not read yet is kept once for
 * all of them, and who is overtaken by the ring's end is dropped.
 */
export class Feed {
  readonly #topic: Topic;
  readonly #clock: Clock;
  readonly #ring: Ring;
  readonly #subscriptions = new Map<Connection, Subscription>();
  #flushedSeq = 0;
  #lastFlush = Number.NEGATIVE_INFINITY;
  #cancelFlush: (() => void) | null = null;

  constructor(topic: Topic, { remembered, rememberedBytes }: Limits, clock: Clock) {
    this.#topic = topic;
    this.#clock = clock;
    this.#ring = new Ring(remembered, rememberedBytes);
  }

  get seq(): number {
    return this.#ring.seq;
  }

  get subscribers(): number {
    return this.#subscriptions.size;
  }

  get ring(): Pick<Ring, 'seq' | 'forgotten' | 'before'> {
    return this.#ring;
  }

  publish(rank: number, params: object): void {
    const method = notificationOf[this.#topic];
    this.#ring.push(
      rank,
      (seq) => `${JSON.stringify({ jsonrpc: '2.0', method, params: { seq, ...params } })}\n`,
    );
    if (this.#subscriptions.size > 0) this.#flushSoon();
  }

  /** Instead of what the connection had; sends nothing before `start`. */
  subscribe(connection: Connection, rank: number, seq: number): Subscription {
    this.unsubscribe(connection);
    const subscription = { connection, rank, seq, isStarted: false };
    this.#subscriptions.set(connection, subscription);
    connection.subscriptions += 1;
    return subscription;
  }

  start(subscription: Subscription): void {
    subscription.isStarted = true;
    this.#send(subscription, new Map());
  }

  /** Whether there was something to end. */
  unsubscribe(connection: Connection): boolean {
    const existed = this.#subscriptions.delete(connection);
    if (existed) connection.subscriptions -= 1;
    return existed;
  }

  /** After the connection has read what was queued. */
  resume(connection: Connection): void {
    const subscription = this.#subscriptions.get(connection);
    if (subscription) this.#send(subscription, new Map());
  }

  /** Sends what is gathered. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#lastFlush = this.#clock.now();
    this.#flushedSeq = this.#ring.seq;
    const chunks = new Map<string, Chunk>();
    for (const subscription of this.#subscriptions.values()) this.#send(subscription, chunks);
  }

  #flushSoon(): void {
    if (this.#ring.seq - this.#flushedSeq >= mostGathered) return this.flush();
    if (this.#cancelFlush) return;
    const waitMs = this.#lastFlush + gatherMs - this.#clock.now();
    if (waitMs <= 0) this.flush();
    else this.#cancelFlush = this.#clock.after(waitMs, () => this.flush());
  }

  #send(subscription: Subscription, chunks: Map<string, Chunk>): void {
    const { connection, rank, isStarted } = subscription;
    if (!isStarted) return;
    while (subscription.seq < this.#ring.seq && !connection.isFull) {
      if (subscription.seq < this.#ring.forgotten) break;
      const key = `${subscription.seq} ${rank}`;
      const chunk = chunks.get(key) ?? this.#gather(subscription.seq, rank);
      chunks.set(key, chunk);
      if (chunk.lines.length > 0) connection.send(chunk.lines);
      subscription.seq = chunk.seq;
    }
    if (subscription.seq < this.#ring.forgotten) this.#drop(subscription);
  }

  #gather(after: number, rank: number): Chunk {
    const lines: Buffer[] = [];
    let bytes = 0;
    let seq = after;
    for (const entry of this.#ring.after(after)) {
      seq = entry.seq;
      if (entry.rank < rank) continue;
      lines.push(entry.line);
      bytes += entry.line.length;
      if (bytes >= writeBytes) break;
    }
    return { lines: Buffer.concat(lines), seq };
  }

  #drop({ connection, seq }: Subscription): void {
    this.unsubscribe(connection);
    const reason = 'it did not read fast enough';
    connection.notify('dropped', { topic: this.#topic, reason, seq });
  }
}

interface Chunk {
  lines: Buffer;
  /** Number of the last entry in it. */
  seq: number;
}
