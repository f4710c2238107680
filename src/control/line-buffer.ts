import { TsgunError } from '../core/errors.ts';

const lineFeed = 0x0a;
const empty = Buffer.alloc(0);

/** Makes lines of what a connection sends, one at a time, and never holds more than one and a chunk. */
export class LineBuffer {
  readonly #limit: number;
  /** Not looked at yet. */
  #chunk: Buffer = empty;
  /** The beginning of a line; its room doubles, so that single bytes cost no more than large chunks. */
  #begun: Buffer = empty;
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk]);
  }

  /** The next whole line, without its end; null when there is none yet. Throws when it is too long. */
  next(): string | null {
    const end = this.#chunk.indexOf(lineFeed);
    this.#keep(end < 0 ? this.#chunk : this.#chunk.subarray(0, end));
    this.#chunk = end < 0 ? empty : this.#chunk.subarray(end + 1);
    return end < 0 ? null : this.#take();
  }

  /** What came behind the last line feed. */
  rest(): string {
    return this.#take();
  }

  #keep(part: Buffer): void {
    const length = this.#length + part.length;
    if (length > this.#limit)
      throw new TsgunError('TSGUN_E_USAGE', `Cannot read a line of more than ${this.#limit} bytes`);
    if (length > this.#begun.length) {
      const room = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(length, 2 * this.#length)));
      this.#begun.copy(room, 0, 0, this.#length);
      this.#begun = room;
    }
    part.copy(this.#begun, this.#length);
    this.#length = length;
  }

  #take(): string {
    const line = this.#begun.toString('utf8', 0, this.#length);
    // The room that a long line took is not kept for short ones.
    if (this.#begun.length > 4096) this.#begun = empty;
    this.#length = 0;
    return line;
  }
}
