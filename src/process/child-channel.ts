import type { Duplex } from 'node:stream';

/** More than a worker's report of all its requests; what is longer is nobody's word. */
const longestLine = 16 * 1024 * 1024;

/** So many messages are heard at once, and so many more a second; whoever says more has to wait. */
const mostCredit = 300;
const creditPerSecond = 500;
const breathMs = 20;
const bytesPerCredit = 16 * 1024;

/** Of a line; a byte alone costs hundreds of memory. */
const mostPieces = 256;

const lineFeed = 0x0a;

/**
 * Our end of the channel to a child: lines of JSON, as Node and Python write them. The child's app
 * can write there too, so what is no JSON is passed over, a line without end is not kept, and a flood
 * is read no faster than we have time for.
 */
export class ChildChannel {
  readonly #stream: Duplex;
  readonly #onMessage: (message: unknown) => void;
  /** Not looked at yet. */
  #chunk: Buffer = Buffer.alloc(0);
  /** The beginning of a line, in the pieces it came in. */
  #begun: Buffer[] = [];
  #length = 0;
  #credit = mostCredit;
  #creditAt = performance.now();

  constructor(stream: Duplex, onMessage: (message: unknown) => void) {
    this.#stream = stream;
    this.#onMessage = onMessage;
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', () => stream.destroy()); // the child has gone, and its exit says so
  }

  send(message: object): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  /** Nobody holds the other end any more. */
  onEnd(listener: () => void): void {
    this.#stream.once('close', listener);
  }

  close(): void {
    this.#stream.destroy();
  }

  #read(chunk: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk]);
    this.#earn();
    this.#takeLines();
  }

  #takeLines(): void {
    while (this.#credit >= 1 && this.#chunk.length > 0) {
      const end = this.#chunk.indexOf(lineFeed);
      this.#keep(end < 0 ? this.#chunk : this.#chunk.subarray(0, end));
      this.#chunk = this.#chunk.subarray(end < 0 ? this.#chunk.length : end + 1);
      if (end >= 0) this.#finishLine();
    }
    if (this.#stream.destroyed || this.#chunk.length === 0) return void this.#stream.resume();
    this.#stream.pause();
    setTimeout(() => {
      this.#earn();
      this.#takeLines();
    }, breathMs);
  }

  #earn(): void {
    const now = performance.now();
    const earned = ((now - this.#creditAt) / 1000) * creditPerSecond;
    this.#credit = Math.min(mostCredit, this.#credit + earned);
    this.#creditAt = now;
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    this.#credit -= part.length / bytesPerCredit;
    if (this.#length > longestLine) this.#begun = [];
    else if (part.length > 0) this.#begun.push(part);
    if (this.#begun.length > mostPieces) this.#begun = [Buffer.concat(this.#begun)];
  }

  #finishLine(): void {
    const line = this.#length > longestLine ? '' : Buffer.concat(this.#begun).toString();
    this.#credit -= 1;
    this.#begun = [];
    this.#length = 0;
    const message = parse(line);
    if (message !== undefined) this.#onMessage(message);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // an app has written it, and not we
  }
}
