import { createInterface, type Interface } from 'node:readline/promises';
import type { ReadStream, WriteStream } from 'node:tty';

type Completer = (line: string) => Promise<[string[], string]>;

/**
 * Reads lines from a terminal. Between two lines the terminal is as it was before: what runs then
 * gets Ctrl-C as a signal and can use the screen.
 */
export class LineReader {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #completer: Completer;
  /** Lines that came together with the one before, as pasted text does. */
  #waiting: string[] = [];
  #begun = '';
  #completing = false;

  constructor(input: ReadStream, output: WriteStream, completer: Completer) {
    this.#input = input;
    this.#output = output;
    this.#completer = completer;
  }

  /** Ctrl-C begins the line anew; null for Ctrl-D, or when the terminal has gone. */
  async read(prompt: string, history: readonly string[]): Promise<string | null> {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      this.#output.write(`${prompt}${waiting}\n`);
      return waiting;
    }
    const readline = createInterface({
      input: this.#input,
      output: this.#output,
      completer: (line: string) => this.#complete(line),
      history: [...history],
      historySize: history.length + 1,
      prompt,
      terminal: true,
    });
    try {
      return await this.#readOne(readline);
    } finally {
      this.#begun = readline.line;
      readline.close();
    }
  }

  /** Of two Tabs at once the second would add once more what the first one adds. */
  async #complete(line: string): Promise<[string[], string]> {
    if (this.#completing) return [[], line];
    this.#completing = true;
    try {
      return await this.#completer(line);
    } finally {
      this.#completing = false;
    }
  }

  #readOne(readline: Interface): Promise<string | null> {
    return new Promise((resolve) => {
      readline.on('line', (line) => {
        if (this.#waiting.push(line) > 1) return;
        // The rest of the same piece of input is still to come.
        setImmediate(() => resolve(this.#waiting.shift() ?? ''));
      });
      readline.on('SIGINT', () => {
        readline.write(null, { ctrl: true, name: 'e' });
        this.#output.write('^C\n');
        readline.write(null, { ctrl: true, name: 'u' });
      });
      readline.once('close', () => resolve(null));
      readline.prompt();
      if (this.#begun !== '') readline.write(this.#begun);
    });
  }
}
