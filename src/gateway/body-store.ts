import { TempFile } from './temp-file.ts';

export interface BodyStoreOptions {
  memory: number;
  folder: string;
}

const readSize = 64 * 1024;
/** On their way to the file; its writer has to be waited for. */
const mostUnwritten = 1024 * 1024;

/** The body of a request, which can be read from its beginning again until the app has begun. */
export class BodyStore {
  size = 0;
  readonly #options: BodyStoreOptions;
  #memory: Buffer[] = [];
  #file: TempFile | null = null;
  #writes: Promise<void> = Promise.resolve();
  #written = 0;

  constructor(options: BodyStoreOptions) {
    this.#options = options;
  }

  /** All of it, when it is small enough to be in memory. */
  get bytes(): Buffer | null {
    if (this.#file) return null;
    const [first] = this.#memory;
    if (this.#memory.length === 1 && first) return first;
    const whole = Buffer.concat(this.#memory);
    this.#memory = [whole];
    return whole;
  }

  /** A promise when more should come only after it. Rejects with what the system says. */
  append(chunk: Buffer): Promise<void> | null {
    const at = this.size;
    this.size += chunk.length;
    if (!this.#file && this.size <= this.#options.memory) {
      this.#memory.push(chunk);
      return null;
    }
    this.#writes = this.#writes.then(() => this.#write(chunk, at));
    this.#writes.catch(() => undefined); // `settle` tells
    return this.size - this.#written > mostUnwritten ? this.#writes : null;
  }

  /** Rejects when it could not be kept. */
  settle(): Promise<void> {
    return this.#writes;
  }

  read(at: number): Promise<Buffer> {
    if (!this.#file) throw new Error('It is in memory');
    return this.#file.read(at, Math.min(readSize, this.size - at));
  }

  close(): void {
    this.#memory = [];
    void this.#writes.catch(() => undefined).then(() => this.#file?.close());
  }

  async #write(chunk: Buffer, at: number): Promise<void> {
    if (!this.#file) {
      this.#file = new TempFile(this.#options.folder);
      const before = Buffer.concat(this.#memory);
      this.#memory = [];
      await this.#file.write(before, 0);
      this.#written = before.length;
    }
    await this.#file.write(chunk, at);
    this.#written += chunk.length;
  }
}
