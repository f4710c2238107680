import { StringDecoder } from 'node:string_decoder';
import { countLines } from './append-sink.ts';

const longestLine = 8 * 1024;
const lineFeed = 0x0a;

/** Makes lines of bounded length of the bytes that a child prints. */
export class LineSplitter {
  #decoder = new StringDecoder('utf8');
  #partial = '';
  /** Up to the next line feed is the rest of a line that was cut or not seen. */
  #skipping = false;

  /** The lines that are complete, or too long, with this chunk. */
  push(chunk: Buffer): string[] {
    const lines = (this.#partial + this.#decoder.write(chunk)).split('\n');
    this.#partial = lines.pop() ?? '';
    if (this.#skipping && lines.length > 0) {
      lines.shift();
      this.#skipping = false;
    }
    if (this.#skipping) this.#partial = '';
    else if (this.#partial.length > longestLine) {
      lines.push(this.#partial);
      this.#partial = '';
      this.#skipping = true;
    }
    return lines.map(cut);
  }

  /** Goes on behind a chunk that nobody looks at, and tells how many lines ended in it. */
  pass(chunk: Buffer): number {
    this.#decoder = new StringDecoder('utf8');
    this.#partial = '';
    this.#skipping = chunk.at(-1) !== lineFeed;
    return countLines(chunk);
  }

  /** The last line, when nothing ended it. */
  end(): string | null {
    const rest = this.#partial + this.#decoder.end();
    return rest === '' || this.#skipping ? null : cut(rest);
  }
}

const cut = (line: string): string =>
  line.length > longestLine ? `${line.slice(0, longestLine)} [cut]` : line.replace(/\r$/, '');
