import { TempFile } from './temp-file.ts';

export interface SpoolOptions {
  /** Bytes that are kept in memory; what comes when they are full goes to a file. */
  memory: number;
  /** Bytes that are kept at all. */
  most: number;
  folder: string;
  /** Something has got to the file: it may be not full any more. */
  onWritten(): void;
  /** The file cannot be written or read. */
  onError(error: unknown): void;
}

const readSize = 64 * 1024;
/** Written to the file and not there yet. */
const mostUnwritten = 1024 * 1024;

/** Bytes on their way from a fast side to a slow one: first in memory, then in a file. */
export class Spool {
  readonly #options: SpoolOptions;
  #memory: Buffer[] = [];
  #memoryBytes = 0;
  #file: TempFile | null = null;
  /** Of the file: what was given to it, what is there, and what was taken out again. */
  #given = 0;
  #written = 0;
  #taken = 0;
  #writes: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#memoryBytes + this.#given - this.#taken;
  }

  /** There is more than there should be: wait until some was taken. */
  get full(): boolean {
    return this.size >= this.#options.most || this.#given - this.#written >= mostUnwritten;
  }

  push(chunk: Buffer): void {
    const inFile = this.#given > this.#taken;
    if (!inFile && this.#memoryBytes + chunk.length <= this.#options.memory) {
      this.#memory.push(chunk);
      this.#memoryBytes += chunk.length;
      return;
    }
    this.#pushToFile(chunk);
  }

  /** The next bytes, when they are there; null when there are none. */
  shift(): Buffer | null | Promise<Buffer | null> {
    const first = this.#memory.shift();
    if (first) {
      this.#memoryBytes -= first.length;
      return first;
    }
    return this.#given > this.#taken && !this.#failed ? this.#read() : null;
  }

  close(): void {
    this.#failed = true;
    this.#memory = [];
    this.#file?.close();
  }

  #pushToFile(chunk: Buffer): void {
    if (this.#failed) return;
    const at = this.#given;
    this.#given += chunk.length;
    this.#writes = this.#writes.then(() => this.#write(chunk, at));
  }

  async #write(chunk: Buffer, at: number): Promise<void> {
    if (this.#failed) return;
    try {
      this.#file ??= new TempFile(this.#options.folder);
      await this.#file.write(chunk, at);
      this.#written += chunk.length;
      this.#options.onWritten();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #read(): Promise<Buffer | null> {
    try {
      if (this.#written === this.#taken) await this.#writes;
      const length = Math.min(readSize, this.#written - this.#taken);
      const bytes = await this.#file?.read(this.#taken, length);
      if (!bytes || bytes.length === 0) return null;
      this.#taken += bytes.length;
      this.#rewind();
      return bytes;
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  /** All of it was taken: it begins anew, so that it does not grow without end. */
  #rewind(): void {
    if (this.#taken < this.#given) return;
    this.#given = 0;
    this.#written = 0;
    this.#taken = 0;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.close();
    this.#options.onError(error);
  }
}
