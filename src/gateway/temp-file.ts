import { close, mkdtempSync, openSync, read, rmdirSync, unlinkSync, write } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const readAt = promisify(read);
const writeAt = promisify(write);

/** A file without a name: nobody else can open it, and nothing is left of it when we die. */
export class TempFile {
  readonly #fd: number;
  /** Reads and writes that are under way; the descriptor outlives them. */
  #busy = 0;
  #closed = false;

  /** Throws what the system says. */
  constructor(folder: string) {
    const place = mkdtempSync(path.join(folder, 'tsgun-'));
    const file = path.join(place, 'body');
    try {
      this.#fd = openSync(file, 'wx+', 0o600);
      unlinkSync(file);
    } finally {
      rmdirSync(place);
    }
  }

  async write(chunk: Uint8Array, at: number): Promise<void> {
    await this.#during(async () => {
      let done = 0;
      while (done < chunk.length) {
        const { bytesWritten } = await writeAt(
          this.#fd,
          chunk,
          done,
          chunk.length - done,
          at + done,
        );
        done += bytesWritten;
      }
    });
  }

  /** As much as is there, at most `length`. */
  async read(at: number, length: number): Promise<Buffer> {
    return this.#during(async () => {
      const bytes = Buffer.allocUnsafe(length);
      const { bytesRead } = await readAt(this.#fd, bytes, 0, length, at);
      return bytes.subarray(0, bytesRead);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  async #during<T>(act: () => Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await act();
    } finally {
      this.#busy -= 1;
      this.#release();
    }
  }

  #release(): void {
    if (this.#closed && this.#busy === 0) close(this.#fd, () => undefined);
  }
}
