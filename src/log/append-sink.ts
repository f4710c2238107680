import { close, fstatSync, write, writeSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** Writes up to this size to a pipe are never mixed with those of others: pipe(7), PIPE_BUF. */
const pipeBytes = 4096;
const fileBytes = 64 * 1024;
/** Characters that may wait for a slow disk or a stuck reader. */
const mostWaiting = 1024 * 1024;
/** How soon a full pipe is tried again, twice as late each time. */
const retryMs = { first: 1, most: 50 };
/** How long the end of the process waits for a stuck reader. */
const lastMs = 500;

const lineFeed = 0x0a;

/** The write under way: its bytes, and how many of them are written. */
interface Current {
  fd: number;
  bytes: Buffer;
  from: number;
  retryMs: number;
  /** The pipe was full: no thread is busy with it until the next try. */
  resting: boolean;
  done: PromiseWithResolvers<void>;
}

/**
 * Appends whole lines to a descriptor without ever blocking the event loop. What cannot be written
 * is dropped and counted, and the count is written when writing works again.
 */
export class AppendSink {
  #fd: number;
  #most: number;
  readonly #note: (dropped: number) => string;
  #waiting = '';
  #dropped = 0;
  #current: Current | null = null;
  /** A full disk took half a line; the next one begins on a line of its own. */
  #midLine = false;

  /** `note` words the line about lines that were dropped. */
  constructor(fd: number, note: (dropped: number) => string) {
    this.#fd = fd;
    this.#most = chunkSize(fd);
    this.#note = note;
  }

  /** `lines` ends with a line feed. */
  write(lines: string): void {
    if (this.#waiting.length + lines.length > mostWaiting) {
      this.#dropped += countLines(Buffer.from(lines));
      return;
    }
    this.#waiting += lines;
    if (!this.#current) this.#next();
  }

  /** Goes on with another descriptor; the old one is closed when its last write is done. */
  replace(fd: number): void {
    const old = this.#fd;
    this.#fd = fd;
    this.#most = chunkSize(fd);
    this.#midLine = false;
    const closeOld = () => close(old, () => undefined);
    if (this.#current) void this.#current.done.promise.then(closeOld);
    else closeOld();
  }

  /** True when everything is written or was dropped, false when that takes longer than `limitMs`. */
  async flush(limitMs: number): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), limitMs);
    const written = await Promise.race([late.promise, this.#settle()]);
    clearTimeout(timer);
    return written;
  }

  /**
   * At the end of a process: writes what waits and `last`, as far as the reader takes it. What a
   * thread has got to write it finishes by itself, unless that is given to it only at `exit`.
   */
  flushSync(last = ''): void {
    this.#waiting += last;
    const deadline = performance.now() + lastMs;
    const current = this.#current;
    if (current?.resting) {
      if (!writeWhole(current.fd, current.bytes.subarray(current.from), deadline)) return;
      current.from = current.bytes.length;
    }
    this.#confess();
    while (this.#waiting !== '') {
      if (!writeWhole(this.#fd, this.#takeChunk(), deadline)) return;
    }
  }

  async #settle(): Promise<true> {
    while (this.#current) await this.#current.done.promise;
    return true;
  }

  #next(): void {
    if (this.#waiting === '') {
      this.#current = null;
      return;
    }
    this.#current = {
      fd: this.#fd,
      bytes: this.#takeChunk(),
      from: 0,
      retryMs: retryMs.first,
      resting: false,
      done: Promise.withResolvers(),
    };
    this.#try(this.#current);
  }

  #try(current: Current): void {
    const { fd, bytes, from } = current;
    current.resting = false;
    write(fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (errnoOf(error) === 'EAGAIN') return this.#rest(current);
      if (error) return this.#end(current);
      current.from += written;
      this.#midLine = bytes[current.from - 1] !== lineFeed;
      if (current.from < bytes.length) return this.#try(current);
      this.#end(current);
    });
  }

  #rest(current: Current): void {
    current.resting = true;
    setTimeout(() => this.#try(current), current.retryMs).unref();
    current.retryMs = Math.min(retryMs.most, 2 * current.retryMs);
  }

  #end({ bytes, from, done }: Current): void {
    if (from < bytes.length) this.#dropped += countLines(bytes.subarray(from));
    else this.#confess();
    this.#next();
    done.resolve();
  }

  /** Whole lines up to the size that is written in one piece; a longer line goes alone. */
  #takeChunk(): Buffer {
    const waiting = this.#midLine ? `\n${this.#waiting}` : this.#waiting;
    let most = this.#most;
    for (;;) {
      const end = waiting.length <= most ? waiting.length : endOfLine(waiting, most);
      const bytes = Buffer.from(waiting.slice(0, end));
      // Characters can take more than one byte, so less of them may have to do.
      if (bytes.length <= this.#most || waiting.indexOf('\n') + 1 >= end) {
        this.#waiting = waiting.slice(end);
        return bytes;
      }
      most = Math.floor(Math.min(most, end) / 2);
    }
  }

  #confess(): void {
    if (this.#dropped === 0) return;
    this.#waiting = this.#note(this.#dropped) + this.#waiting;
    this.#dropped = 0;
  }
}

/** Behind the last line that ends within `most` characters, else behind the first. */
const endOfLine = (lines: string, most: number): number =>
  lines.lastIndexOf('\n', most - 1) + 1 || lines.indexOf('\n') + 1;

/** False when the reader is stuck until the deadline, or there is none. */
function writeWhole(fd: number, bytes: Buffer, deadline: number): boolean {
  for (let from = 0; from < bytes.length; ) {
    try {
      from += writeSync(fd, bytes, from);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN' || performance.now() > deadline) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return true;
}

function chunkSize(fd: number): number {
  try {
    return fstatSync(fd).isFile() ? fileBytes : pipeBytes;
  } catch {
    return pipeBytes; // EBADF: each write will say so
  }
}

/** The line feeds in a chunk of output. */
export function countLines(bytes: Buffer): number {
  const { length } = bytes; // a getter, and dear
  let count = 0;
  for (let at = 0; at < length; at += 1) if (bytes[at] === lineFeed) count += 1;
  return count;
}
