import type { IncomingMessage } from 'node:http';
import { frameFlags, frameTypes, mostBodyBytes } from '../protocol/link.ts';
import type { Carrier } from './carrier.ts';
import type { RequestBody } from './stored-body.ts';

/** A body that goes to its worker as it comes, by as much as the worker has asked for. */
export class StreamedBody implements RequestBody {
  readonly whole = null;
  readonly size = null;
  readonly #req: IncomingMessage;
  readonly #most: number;
  readonly #onTooLong: () => void;
  #carrier: Carrier | null = null;
  /** Came, and not sent. */
  #pending: Buffer[] = [];
  /** Sent to a worker that may not have begun; null when it has. */
  #sent: Buffer[] | null = [];
  #size = 0;
  #ended = false;
  #finished = false;

  /** `most` bytes; 0 unlimited. */
  constructor(req: IncomingMessage, most: number, onTooLong: () => void) {
    this.#req = req;
    this.#most = most;
    this.#onTooLong = onTooLong;
    req.on('data', (chunk: Buffer) => this.#take(chunk));
    req.once('end', () => {
      this.#ended = true;
      this.#flush();
    });
  }

  get isKept(): boolean {
    return this.#sent !== null;
  }

  /** Sends all there was, also to a second worker. */
  sendTo(carrier: Carrier): void {
    this.#carrier = carrier;
    this.#finished = false;
    this.#pending = [...(this.#sent ?? []), ...this.#pending];
    this.#sent = [];
    this.#flush();
  }

  onRoom(): void {
    this.begun();
    this.#flush();
  }

  /** The worker has said something: nothing of it will be needed again. */
  begun(): void {
    this.#sent = null;
  }

  /** The worker has answered already. */
  stop(): void {
    this.#carrier = null;
    this.#pending = [];
    this.#req.removeAllListeners('data');
    this.#finished = true;
  }

  close(): void {
    this.stop();
    this.#sent = null;
  }

  #take(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#most > 0 && this.#size > this.#most) return this.#onTooLong();
    this.#pending.push(chunk);
    this.#flush();
  }

  #flush(): void {
    const carrier = this.#carrier;
    if (!carrier) return this.#balance();
    while (this.#pending.length > 0 && carrier.room > 0) this.#sendNext(carrier);
    if (this.#ended && this.#pending.length === 0 && !this.#finished) {
      this.#finished = true;
      carrier.send({ type: frameTypes.body, flags: frameFlags.end, code: 0 });
    }
    this.#balance();
  }

  #sendNext(carrier: Carrier): void {
    const [first] = this.#pending;
    if (!first) return;
    const size = Math.min(first.length, carrier.room, mostBodyBytes);
    const part = first.subarray(0, size);
    if (size === first.length) this.#pending.shift();
    else this.#pending[0] = first.subarray(size);
    this.#sent?.push(part);
    carrier.send({ type: frameTypes.body, flags: 0, code: 0 }, part);
  }

  /** The client waits while there is something that the worker does not want yet. */
  #balance(): void {
    if (this.#pending.length > 0) this.#req.pause();
    else if (this.#req.isPaused()) this.#req.resume();
  }
}
