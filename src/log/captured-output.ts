import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Log, LogLevel } from '../core/logger.ts';

const longestLine = 8 * 1024;
const tailLength = 4 * 1024;

/** A line costs one and one more for each KiB; a worker may spend this much in a row, and a second. */
const mostCredit = 2000;
const creditPerSecond = 500;

const lineFeed = 0x0a;

export interface CaptureOptions {
  slot: number;
  pid: number;
  level: LogLevel;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  /** Sees every line first; true keeps it out of the log. */
  intercept?(line: string): boolean;
}

export interface CapturedOutput {
  /** The last words, for whoever asks why it died. */
  tail(): string;
}

/**
 * Turns what a child prints into records of the log. A flood is cut and counted, at the price of
 * reading it: the child is never held up, because Node's own writes to a pipe would block it.
 */
export function captureOutput(stream: Readable, options: CaptureOptions): CapturedOutput {
  const { slot, pid, level, log, now, intercept } = options;
  const decoder = new StringDecoder('utf8');
  let partial = '';
  let tail = '';
  let credit = mostCredit;
  let creditAt = now();
  let suppressed = 0;

  const refill = () => {
    const at = now();
    credit = Math.min(mostCredit, credit + ((at - creditAt) * creditPerSecond) / 1000);
    creditAt = at;
  };
  const confess = () => {
    if (suppressed === 0) return;
    log({ level: 'warning', message: `suppressed ${suppressed} lines of output`, slot, pid });
    suppressed = 0;
  };
  const emit = (line: string) => {
    if (intercept?.(line)) return;
    tail = `${tail}${line}\n`.slice(-tailLength);
    if (credit < 1) {
      suppressed += 1;
      return;
    }
    confess();
    credit -= 1 + line.length / 1024;
    log({ level, message: line, slot, pid });
  };
  const take = (text: string) => {
    const lines = (partial + text).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) emit(cut(line));
    if (partial.length > longestLine) {
      emit(cut(partial));
      partial = '';
    }
  };
  stream.on('data', (chunk: Buffer) => {
    refill();
    if (credit >= 1) return take(decoder.write(chunk));
    // Beyond the limit bytes are only counted, and the last of them kept for the post-mortem.
    suppressed += countLines(chunk);
    partial = '';
    tail = (tail + chunk.toString('utf8', Math.max(0, chunk.length - tailLength))).slice(
      -tailLength,
    );
  });
  stream.once('end', () => {
    if (partial !== '') emit(cut(partial));
    confess();
  });
  stream.on('error', () => undefined);
  return { tail: () => tail.trimEnd() };
}

const cut = (line: string): string =>
  line.length > longestLine ? `${line.slice(0, longestLine)} [cut]` : line.replace(/\r$/, '');

function countLines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}
