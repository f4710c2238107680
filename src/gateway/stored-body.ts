import { frameFlags, frameTypes, mostBodyBytes } from '../protocol/link.ts';
import type { BodyStore } from './body-store.ts';
import type { Carrier } from './carrier.ts';

/** How the body of a request gets to its worker. */
export interface RequestBody {
  /** Its bytes, where they go with the head; then nothing else is to be sent. */
  readonly whole: Buffer | null;
  /** Bytes; null when nobody knows yet. */
  readonly size: number | null;
  /** It can be sent to a second worker. */
  readonly isKept: boolean;
  /** All of it, from its beginning, also to a second worker. */
  sendTo(carrier: Carrier): void;
  /** The worker takes more. */
  onRoom(): void;
  /** The worker has said something: it will not give the request back. */
  begun(): void;
  /** The worker wants no more of it. */
  stop(carrier: Carrier): void;
  close(): void;
}

const last = { type: frameTypes.body, flags: frameFlags.end, code: 0 } as const;
const more = { type: frameTypes.body, flags: 0, code: 0 } as const;

/** A body that is here already, in memory or in a file. */
export class StoredBody implements RequestBody {
  readonly isKept = true;
  readonly #store: BodyStore;
  #carrier: Carrier | null = null;
  #at = 0;
  #reading = false;
  /** Counts the workers that it was sent to. */
  #turn = 0;

  constructor(store: BodyStore) {
    this.#store = store;
  }

  get size(): number {
    return this.#store.size;
  }

  get whole(): Buffer | null {
    return this.#store.size <= mostBodyBytes ? this.#store.bytes : null;
  }

  sendTo(carrier: Carrier): void {
    this.#carrier = carrier;
    this.#at = 0;
    this.#turn += 1;
    void this.#flow(carrier);
  }

  onRoom(): void {
    if (this.#carrier && !this.#reading) void this.#flow(this.#carrier);
  }

  begun(): void {
    // It is kept until the end anyhow.
  }

  stop(carrier: Carrier): void {
    if (this.#carrier) carrier.send(last);
    this.#carrier = null;
  }

  close(): void {
    this.#carrier = null;
    this.#store.close();
  }

  async #flow(carrier: Carrier): Promise<void> {
    const turn = this.#turn;
    this.#reading = true;
    while (this.#carrier === carrier && carrier.room > 0) {
      const part = await this.#read(carrier.room);
      if (this.#turn !== turn) return; // it was given back while we read
      if (this.#carrier !== carrier) break;
      this.#at += part.length;
      const isLast = this.#at >= this.#store.size || part.length === 0;
      if (isLast) this.#carrier = null;
      carrier.send(isLast ? last : more, part);
    }
    this.#reading = false;
  }

  /** What cannot be read any more is missing at the end, which the worker notices. */
  async #read(room: number): Promise<Buffer> {
    const { bytes } = this.#store;
    if (bytes) return bytes.subarray(this.#at, this.#at + Math.min(room, mostBodyBytes));
    const part = await this.#store.read(this.#at).catch(() => Buffer.alloc(0));
    return part.subarray(0, room);
  }
}
