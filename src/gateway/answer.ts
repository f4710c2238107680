import type { ServerResponse } from 'node:http';
import { initialCredit } from '../protocol/link.ts';
import type { Carrier } from './carrier.ts';
import { type FilePart, sendFile } from './file-answer.ts';
import { Spool } from './spool.ts';

export interface AnswerOptions {
  buffers: { responseMemory: number; mostResponse: number; folder: string };
  /** Nobody hears the rest: the file cannot be written, or what is said makes no sense. */
  onBroken(why: string): void;
}

const tooShort = 'it is shorter than was said';

/** An answer with a body that is small is one write with its head. */
const smallBody = 8 * 1024;

/** What a worker answers, on its way to a client that may be slow. */
export class Answer {
  /** An event stream: it lasts until somebody ends it. */
  isEndless = false;
  readonly #res: ServerResponse;
  readonly #options: AnswerOptions;
  /** Null when the worker has done its part. */
  #carrier: Carrier | null;
  /** Waits for the client; null while it keeps up. */
  #spool: Spool | null = null;
  /** Bytes in the spool that the worker has no credit for. */
  #owed = 0;
  /** Bytes that the head has promised and that have not come; null when it promised none. */
  #promised: number | null = null;

  constructor(res: ServerResponse, carrier: Carrier, options: AnswerOptions) {
    this.#res = res;
    this.#carrier = carrier;
    this.#options = options;
  }

  /** Throws what Node says about a head that cannot be. */
  begin(head: string, body: Buffer, isWhole: boolean): void {
    const res = this.#res;
    const fields = head.split('\n');
    const line = fields.shift() ?? '';
    const status = Number(line.slice(0, 3));
    if (status < 200) throw new Error(`the status ${status} at the end`);
    const length = this.#readFields(fields);
    const hasBody = status !== 204 && status !== 304 && res.req.method !== 'HEAD';
    if (length === null && isWhole && hasBody) fields.push('Content-Length', String(body.length));
    if (hasBody) this.#promised = length;
    if (line.length <= 4) res.writeHead(status, fields);
    else res.writeHead(status, line.slice(4), fields);
    if (isWhole) return this.#endWith(body);
    if (body.length > 0) this.data(body);
    else res.flushHeaders();
  }

  /** The length that it promises, if any. Every answer comes by here, so no regular expressions. */
  #readFields(fields: readonly string[]): number | null {
    let length: number | null = null;
    for (let index = 0; index < fields.length; index += 2) {
      const name = fields[index] ?? '';
      if (name.length === 14 && name.toLowerCase() === 'content-length')
        length = Number(fields[index + 1]);
      else if (name.length === 12 && name.toLowerCase() === 'content-type')
        this.isEndless = fields[index + 1]?.startsWith('text/event-stream') === true;
    }
    return length;
  }

  data(chunk: Buffer): void {
    const bytes = Buffer.from(this.#keepPromise(chunk)); // the frame is good only for now
    if (this.#spool) return this.#keep(bytes);
    this.#carrier?.passed(chunk.length);
    if (bytes.length > 0 && !this.#res.write(bytes)) this.#spoolFromNow();
  }

  /** The worker has said all. */
  end(): void {
    this.#carrier = null;
    if (this.#promised) return this.#options.onBroken(tooShort);
    if (!this.#spool) this.#res.end();
  }

  /** Whether everything that came has gone on to the client. */
  get isPassed(): boolean {
    return this.#spool === null;
  }

  /** The rest of the answer is in a file. */
  sendFile(part: FilePart): void {
    this.#carrier = null;
    const length = Math.min(part.length, this.#promised ?? part.length);
    const isShort = this.#promised !== null && length < this.#promised;
    sendFile({ ...part, length }, this.#res, (bytes) => {
      if (this.#res.destroyed) return; // by its client
      if (bytes < length || isShort) this.#options.onBroken(tooShort);
      else this.#res.end();
    });
  }

  /** The client sees that something is missing: an orderly end is none where only the end tells. */
  cutOff(): void {
    this.close();
    const { chunkedEncoding, socket } = this.#res;
    const isOrderly = chunkedEncoding || this.#promised !== null;
    // What was written in this turn gets out: Node holds it back until the turn is over.
    setImmediate(() => (isOrderly ? socket?.destroySoon() : socket?.resetAndDestroy()));
  }

  close(): void {
    this.#carrier = null;
    this.#spool?.close();
  }

  #endWith(body: Buffer): void {
    const bytes = this.#keepPromise(body);
    this.#carrier = null;
    if (this.#promised) return this.#options.onBroken(tooShort);
    if (bytes.length > 0 && bytes.length <= smallBody)
      this.#res.end(bytes.toString('latin1'), 'latin1');
    else this.#res.end(Buffer.from(bytes));
  }

  /** No client takes the surplus for the next answer. */
  #keepPromise(chunk: Buffer): Buffer {
    if (this.#promised === null) return chunk;
    const bytes = chunk.length > this.#promised ? chunk.subarray(0, this.#promised) : chunk;
    this.#promised -= bytes.length;
    return bytes;
  }

  #spoolFromNow(): void {
    const { responseMemory, mostResponse, folder } = this.#options.buffers;
    const isHeld = this.#carrier?.interface === 'asgi';
    this.#spool = new Spool({
      memory: isHeld ? initialCredit * 2 : responseMemory,
      most: mostResponse,
      folder,
      onWritten: () => this.#goOn(),
      onError: (error) => this.#options.onBroken(`it cannot be kept: ${String(error)}`),
    });
    this.#pumpLater();
  }

  /** A blocking worker is to be free again, whatever its client does; a loop can wait. */
  #keep(chunk: Buffer): void {
    this.#spool?.push(chunk);
    this.#owed += chunk.length;
    this.#goOn();
  }

  #goOn(): void {
    this.#settle(this.#carrier?.interface === 'wsgi' ? this.#owed : 0);
  }

  /** Lets the worker go on by as much as there is place for. */
  #settle(bytes: number): void {
    const full = this.#spool?.full === true;
    this.#carrier?.hold(full);
    if (full || bytes === 0) return;
    this.#owed -= bytes;
    this.#carrier?.passed(bytes);
  }

  /** Until the client has to take some first, or nothing is left. */
  async #pump(): Promise<void> {
    const spool = this.#spool;
    while (spool && !this.#res.destroyed) {
      const next = spool.shift();
      const chunk = next instanceof Promise ? await next : next;
      if (chunk === null) break;
      this.#settle(Math.min(this.#owed, chunk.length));
      // At once, because it may drain before a promise would tell us that it was full.
      if (!this.#res.write(chunk)) return this.#pumpLater();
    }
    if (spool && spool.size > 0) return; // it is broken, or the client has gone
    spool?.close();
    this.#spool = null;
    if (this.#carrier) this.#carrier.hold(false);
    else this.#res.end();
  }

  #pumpLater(): void {
    this.#res.once('drain', () => void this.#pump());
  }
}
