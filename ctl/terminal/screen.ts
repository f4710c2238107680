import type { ReadStream, WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { widthOf } from './width.ts';

const enter = '\x1b[?1049h';
/** No cursor, no line that goes on in the next one. */
const prepare = '\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J';
const leave = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

/** The whole terminal: taken by open(), and by close() as it was before. */
export class Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #onGone: () => void;
  /** What is on the screen now, line by line. */
  #shown: readonly string[] = [];
  #isOpen = false;
  #isGone = false;

  /** `onGone` is called when nobody looks at the terminal any more. */
  constructor(input: ReadStream, output: WriteStream, onGone: () => void) {
    this.#input = input;
    this.#output = output;
    this.#onGone = onGone;
  }

  get size(): { columns: number; rows: number } {
    // A terminal that does not know its size says 0.
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    process.once('exit', this.close);
    this.#input.once('end', this.#notice);
    this.#input.on('error', this.#notice);
    this.#output.on('error', this.#notice);
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(enter);
    this.clear();
  }

  /** After the process was stopped and a shell has had the terminal. */
  retake(): void {
    if (!this.#isOpen) return;
    // libuv believes that it is still in raw mode.
    this.#input.setRawMode(false);
    this.#input.setRawMode(true);
    this.clear();
  }

  /** Forgets what is there: all of it is drawn again. */
  clear(): void {
    if (!this.#isOpen) return;
    this.#output.write(prepare);
    this.#shown = [];
  }

  /** Writes only the lines that are different from what is there. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen || this.#isGone) return;
    const { columns, rows } = this.size;
    let text = '';
    for (let row = 0; row < rows; row += 1) {
      const line = lines[row] ?? '';
      if (line === this.#shown[row]) continue;
      // Behind a line that fills its row, erasing would take its last character.
      const isFull = widthOf(stripVTControlCharacters(line)) >= columns;
      text += `\x1b[${row + 1};1H${line}${isFull ? '' : '\x1b[K'}`;
    }
    if (text !== '') this.#output.write(text);
    this.#shown = Array.from({ length: rows }, (_, row) => lines[row] ?? '');
  }

  readonly close = (): void => {
    if (!this.#isOpen) return;
    if (!this.#isGone) {
      this.#output.write(leave);
      this.#input.pause();
      this.#input.setRawMode(false);
    }
    this.#isOpen = false;
    process.removeListener('exit', this.close);
    this.#input.removeListener('end', this.#notice);
    // The writes that fail after a hang-up must not end the process in another way than it wants.
    if (this.#isGone) return;
    this.#input.removeListener('error', this.#notice);
    this.#output.removeListener('error', this.#notice);
  };

  readonly #notice = (): void => {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone();
  };
}
