import type { RawData, WebSocket } from 'ws';
import { frameFlags, frameTypes, mostBodyBytes } from '../protocol/link.ts';
import type { Carrier } from './carrier.ts';

/** The messages of one WebSocket, both ways, each side no faster than the other one takes them. */
export class MessageFlow {
  readonly #webSocket: WebSocket;
  readonly #mostBytes: number;
  /** Null when the worker has done with it. */
  #carrier: Carrier | null;
  /** Parts of a message of the app that is not whole. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** Came from the client, and the worker has no room for it. */
  #pending: { chunk: Buffer; flags: number }[] = [];

  constructor(webSocket: WebSocket, carrier: Carrier, mostBytes: number) {
    this.#webSocket = webSocket;
    this.#carrier = carrier;
    this.#mostBytes = mostBytes;
    webSocket.on('message', (data, isBinary) => this.#receive(toBuffer(data), isBinary));
  }

  /** A part of a message of the app. Throws when the message becomes too long. */
  send(payload: Buffer, flags: number): void {
    const carrier = this.#carrier;
    this.#parts.push(Buffer.from(payload)); // the frame is good only for now
    this.#partBytes += payload.length;
    if (this.#partBytes > this.#mostBytes) throw new Error('a message that is too long');
    if ((flags & frameFlags.end) === 0) return carrier?.passed(payload.length);
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    // The worker goes on when the client has taken it.
    this.#webSocket.send(message, { binary: (flags & frameFlags.text) === 0 }, () => {
      if (carrier && this.#carrier === carrier) carrier.passed(payload.length);
    });
  }

  onRoom(): void {
    const carrier = this.#carrier;
    while (carrier && this.#pending.length > 0) {
      const [next] = this.#pending;
      if (!next || carrier.room < next.chunk.length) break;
      this.#pending.shift();
      carrier.send({ type: frameTypes.wsMessage, flags: next.flags, code: 0 }, next.chunk);
    }
    if (this.#pending.length > 0) this.#webSocket.pause();
    else this.#webSocket.resume();
  }

  stop(): void {
    this.#carrier = null;
    this.#pending = [];
    this.#webSocket.resume(); // the answer to our close is to be read
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!this.#carrier) return;
    const text = isBinary ? 0 : frameFlags.text;
    let at = 0;
    do {
      const chunk = data.subarray(at, at + partBytes);
      at += partBytes;
      const end = at >= data.length ? frameFlags.end : 0;
      this.#pending.push({ chunk, flags: text | end });
    } while (at < data.length);
    this.onRoom();
  }
}

/** Smaller than all the credit there is, so that a part always finds room in the end. */
const partBytes = mostBodyBytes / 4;

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
