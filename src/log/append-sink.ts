import { close, fstatSync, write, writeSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** Writes up to this size to a pipe are never mixed with those of others: pipe(7), PIPE_BUF. */
const pipeBytes = 4096;
const fileBytes = 64 * 1024;
/** What may wait for a slow disk or a stuck reader. */
const mostWaiting = 1024 * 1024;
const retryMs = 50;

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
  /** The write under way: its bytes, and how many of them are written. */
  #current: { bytes: Buffer; from: number; done: Promise<void> } | null = null;

  /** `note` words the line about lines that were dropped. */
  constructor(fd: number, note: (dropped: number) => string) {
    this.#fd = fd;
    this.#most = chunkSize(fd);
    this.#note = note;
  }

  /** `lines` ends with a line feed. */
  write(lines: string): void {
    if (this.#waiting.length + lines.length > mostWaiting) {
      this.#dropped += countLines(lines);
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
    const closeOld = () => close(old, () => undefined);
    if (this.#current) void this.#current.done.then(closeOld);
    else closeOld();
  }

  /** Settles when everything so far is written, or was dropped. */
  async flush(): Promise<void> {
    while (this.#current) await this.#current.done;
  }

  /** At the end of a process: writes what waits. A write under way is finished by its thread. */
  flushSync(): void {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    try {
      for (let from = 0; from < bytes.length; ) from += writeSync(this.#fd, bytes, from);
    } catch {
      // There is nobody left to tell.
    }
  }

  #next(): void {
    if (this.#waiting === '') {
      this.#current = null;
      return;
    }
    const bytes = Buffer.from(this.#takeChunk());
    const settled = Promise.withResolvers<void>();
    const current = { bytes, from: 0, done: settled.promise };
    this.#current = current;
    const fd = this.#fd;
    const attempt = () => write(fd, bytes, current.from, bytes.length - current.from, null, after);
    const after = (error: NodeJS.ErrnoException | null, written: number) => {
      if (errnoOf(error) === 'EAGAIN') return void setTimeout(attempt, retryMs);
      if (error) this.#dropped += countLines(bytes.toString('utf8', current.from));
      else current.from += written;
      if (!error && current.from < bytes.length) return attempt();
      if (!error) this.#confess();
      this.#next();
      settled.resolve();
    };
    attempt();
  }

  /** Whole lines up to the size that is written in one piece; a longer line goes alone. */
  #takeChunk(): string {
    const waiting = this.#waiting;
    if (waiting.length <= this.#most) {
      this.#waiting = '';
      return waiting;
    }
    const end = waiting.lastIndexOf('\n', this.#most - 1) + 1 || waiting.indexOf('\n') + 1;
    this.#waiting = waiting.slice(end);
    return waiting.slice(0, end);
  }

  #confess(): void {
    if (this.#dropped === 0) return;
    this.#waiting = this.#note(this.#dropped) + this.#waiting;
    this.#dropped = 0;
  }
}

function chunkSize(fd: number): number {
  try {
    return fstatSync(fd).isFile() ? fileBytes : pipeBytes;
  } catch {
    return pipeBytes;
  }
}

const countLines = (lines: string): number => lines.split('\n').length - 1;
