import type { Clock } from '../../src/core/clock.ts';
import { messageOf, TsgunError } from '../../src/core/errors.ts';
import type { ProgressView, StatusView, WorkerView } from '../../src/protocol/control/views.ts';
import { ControlClient } from '../client.ts';

export interface LinkEvents {
  answer(status: StatusView, workers: WorkerView[]): void;
  /** A second has gone by without an answer. */
  miss(): void;
  lost(why: string): void;
  trouble(error: unknown): void;
  progress(progress: ProgressView): void;
}

const everyMs = 1000;

/** Asks once a second how the instance is, and connects again when the connection is lost. */
export class Link {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #events: LinkEvents;
  #client: ControlClient | null = null;
  /** The caller's connection is not ours to close. */
  #isOwn = false;
  #isAsking = false;
  #isClosed = false;
  #cancel = () => {};

  constructor(client: ControlClient, clock: Clock, events: LinkEvents) {
    this.#path = client.path;
    this.#clock = clock;
    this.#events = events;
    this.#use(client);
  }

  /** Throws TSGUN_E_LOST while there is no connection. */
  get client(): ControlClient {
    if (this.#client) return this.#client;
    throw new TsgunError('TSGUN_E_LOST', 'There is no connection to the instance');
  }

  start(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#clock.after(everyMs, () => this.start());
    if (this.#isAsking) this.#events.miss();
    else void this.ask();
  }

  /** Between the seconds too, when something must have changed. */
  async ask(): Promise<void> {
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    try {
      if (this.#client) await this.#poll(this.#client);
      else await this.#connect();
    } finally {
      this.#isAsking = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#client?.on('progress', () => {});
    if (this.#isOwn) this.#client?.close();
    this.#client = null;
  }

  async #poll(client: ControlClient): Promise<void> {
    try {
      const [status, workers] = await Promise.all([
        client.call('status', {}),
        client.call('workers', {}),
      ]);
      if (!this.#isClosed) this.#events.answer(status, workers);
    } catch (error) {
      // That the connection is lost is told once, when it closes.
      if (this.#client === client && !this.#isClosed) this.#events.trouble(error);
    }
  }

  async #connect(): Promise<void> {
    try {
      const client = await ControlClient.connect(this.#path);
      if (this.#isClosed) return client.close();
      this.#isOwn = true;
      this.#use(client);
      await this.#poll(client);
    } catch (error) {
      if (this.#isClosed) return;
      this.#events.lost(messageOf(error));
      this.#events.miss();
    }
  }

  #use(client: ControlClient): void {
    this.#client = client;
    client.on('progress', (progress) => this.#events.progress(progress));
    void client.closed.then(() => {
      if (this.#client !== client || this.#isClosed) return;
      this.#client = null;
      this.#events.lost('The connection was lost');
    });
  }
}
