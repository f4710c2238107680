import type { Readable } from 'node:stream';
import type { Log, LogLevel } from '../core/logger.ts';
import { LineSplitter } from './line-splitter.ts';

const tailLength = 4 * 1024;

/** Each line costs one and each KiB one; a worker may spend so much at once, and a second. */
const mostCredit = 2000;
const creditPerSecond = 500;

/** Who has spent it is not listened to for a while: to look at each line would cost us the time. */
const deafMs = 1000;
/** Meanwhile one chunk of at most 64 KiB is read in each pause of this length. */
const breathMs = 1;

/** What has to be heard even then, because a loop that prints without end is one that hangs. */
const inspectorCall = Buffer.from('Debugger listening on ');

export interface CaptureOptions {
  /** Of a worker. */
  slot: number | null;
  pid: number;
  level: LogLevel;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  /** Sees every line first, in a flood only those of Node's inspector; true keeps it out of the log. */
  intercept?(line: string): boolean;
}

export interface CapturedOutput {
  /** The last words, for whoever asks why it died. */
  tail(): string;
}

/**
 * Turns what a child prints into records of the log. A flood is cut and counted, but still read as
 * fast as any sane child writes, because Node's own writes to a pipe would block the child.
 */
export function captureOutput(stream: Readable, options: CaptureOptions): CapturedOutput {
  const capture = new Capture(options);
  stream.on('data', (chunk: Buffer) => {
    if (capture.take(chunk)) return;
    stream.pause();
    setTimeout(() => stream.resume(), breathMs).unref();
  });
  stream.once('close', () => capture.close());
  stream.on('error', () => undefined); // `close` comes next, and says all there is to say
  return { tail: () => capture.tail() };
}

class Capture implements CapturedOutput {
  readonly #options: CaptureOptions;
  readonly #splitter = new LineSplitter();
  #tail = '';
  #credit = mostCredit;
  #creditAt: number;
  #suppressed = 0;
  /** Runs while nothing is listened to. */
  #deaf: NodeJS.Timeout | null = null;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#creditAt = options.now();
  }

  /** False when there is too much of it. */
  take(chunk: Buffer): boolean {
    if (this.#deaf) {
      this.#pass(chunk);
      return false;
    }
    this.#earn();
    this.#credit -= chunk.length / 1024;
    for (const line of this.#splitter.push(chunk)) this.#see(line);
    if (this.#credit < 1) this.#deafen();
    return true;
  }

  tail(): string {
    return this.#tail.slice(-tailLength).trimEnd();
  }

  close(): void {
    const rest = this.#splitter.end();
    if (rest !== null) this.#see(rest);
    this.#listen();
  }

  #see(line: string): void {
    const { intercept, level, log, pid, slot } = this.#options;
    if (intercept?.(line)) return;
    this.#remember(`${line}\n`);
    if (this.#deaf) {
      this.#suppressed += 1;
      return;
    }
    this.#credit -= 1;
    log({ level, message: line, ...(slot !== null && { slot }), pid });
    if (this.#credit < 1) this.#deafen();
  }

  /** Counts a chunk unseen; the last of it is kept for the post-mortem. */
  #pass(chunk: Buffer): void {
    this.#suppressed += this.#splitter.pass(chunk);
    this.#remember(chunk.toString('utf8', Math.max(0, chunk.length - tailLength)));
    const call = this.#options.intercept ? chunk.indexOf(inspectorCall) : -1;
    if (call < 0) return;
    const [line = ''] = chunk.toString('latin1', call, call + 200).split('\n', 1);
    this.#options.intercept?.(line);
  }

  #deafen(): void {
    this.#deaf ??= setTimeout(() => this.#listen(), deafMs).unref();
  }

  #listen(): void {
    if (this.#deaf) clearTimeout(this.#deaf);
    this.#deaf = null;
    this.#earn();
    if (this.#suppressed === 0) return;
    const { log, pid, slot } = this.#options;
    const whose = slot === null ? `pid ${pid}` : `worker ${slot}`;
    const message = `suppressed ${this.#suppressed} lines of output of ${whose}`;
    this.#suppressed = 0;
    log({ level: 'warning', message, ...(slot !== null && { slot }), pid });
  }

  #earn(): void {
    const at = this.#options.now();
    const earned = ((at - this.#creditAt) * creditPerSecond) / 1000;
    this.#credit = Math.min(mostCredit, this.#credit + earned);
    this.#creditAt = at;
  }

  #remember(text: string): void {
    this.#tail += text;
    if (this.#tail.length > 4 * tailLength) this.#tail = this.#tail.slice(-tailLength);
  }
}
