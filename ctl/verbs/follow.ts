import { setTimeout as delay } from 'node:timers/promises';
import { TsgunError } from '../../src/core/errors.ts';
import type { Params } from '../../src/protocol/control/methods.ts';
import { ControlClient } from '../client.ts';
import { formatNumber } from '../output/format.ts';
import { printNote } from '../output/print.ts';

type Subscription = Params<'subscribe'>;

interface Numbered {
  seq: number;
}

const firstPauseMs = 100;
const longestPauseMs = 2000;

/** Hears of one topic without a gap, whatever becomes of the connection. */
export class Follower<T extends Numbered> {
  readonly #topic: Subscription['topic'];
  readonly #take: (record: T) => void;
  /** What comes before it is clear how to continue. */
  #held: T[] | null = null;
  #epoch: string | null = null;
  #seq = 0;

  constructor(topic: Subscription['topic'], take: (record: T) => void) {
    this.#topic = topic;
    this.#take = take;
  }

  /** What was asked for first, and with what is remembered of it the caller can stop. */
  async begin(client: ControlClient, wanted: Omit<Subscription, 'topic'>): Promise<void> {
    const receive = (record: unknown) => this.#receive(record as T);
    client.on(this.#topic === 'events' ? 'event' : 'log', receive);
    await this.#subscribe(client, wanted);
  }

  /** Never ends by itself. */
  async goOn(begun: ControlClient, wanted: Omit<Subscription, 'topic'>): Promise<never> {
    let client = begun;
    for (;;) {
      await this.#listen(client, wanted);
      client.close();
      printNote('-- the connection was lost, waiting for the instance --');
      client = await this.#reconnect(begun.path, wanted);
    }
  }

  /** Until the connection ends. */
  async #listen(client: ControlClient, wanted: Omit<Subscription, 'topic'>): Promise<void> {
    client.on('dropped', ({ topic }) => {
      // Its connection may be gone by now, and then comes another.
      if (topic === this.#topic) this.#resume(client, wanted).catch(() => client.close());
    });
    await client.closed;
  }

  async #reconnect(path: string, wanted: Omit<Subscription, 'topic'>): Promise<ControlClient> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      await delay(pauseMs);
      let client: ControlClient | null = null;
      try {
        client = await ControlClient.connect(path);
        const receive = (record: unknown) => this.#receive(record as T);
        client.on(this.#topic === 'events' ? 'event' : 'log', receive);
        await this.#resume(client, wanted);
        return client;
      } catch (error) {
        client?.close();
        if (!(error instanceof TsgunError)) throw error;
      }
    }
  }

  #resume(client: ControlClient, { level }: Omit<Subscription, 'topic'>): Promise<void> {
    const place = this.#epoch === null ? {} : { since: this.#seq, epoch: this.#epoch };
    return this.#subscribe(client, { ...place, ...(level !== undefined && { level }) });
  }

  async #subscribe(client: ControlClient, wanted: Omit<Subscription, 'topic'>): Promise<void> {
    this.#held = [];
    const params = { ...wanted, topic: this.#topic };
    let answer = await client.call('subscribe', params);
    if (this.#epoch !== null && answer.epoch !== this.#epoch) {
      printNote('-- the instance was restarted --');
      this.#held = [];
      this.#seq = 0;
      answer = await client.call('subscribe', { ...params, since: 0, epoch: answer.epoch });
    }
    this.#epoch = answer.epoch;
    this.#seq = Math.max(this.#seq, answer.seq);
    if (answer.lost > 0) {
      printNote(
        `-- lost ${formatNumber(answer.lost, this.#topic === 'log' ? 'line' : 'event')} --`,
      );
    }
    const held = this.#held ?? [];
    this.#held = null;
    for (const record of held) this.#receive(record);
  }

  #receive(record: T): void {
    if (this.#held) {
      this.#held.push(record);
      return;
    }
    if (record.seq <= this.#seq) return;
    this.#seq = record.seq;
    this.#take(record);
  }
}
