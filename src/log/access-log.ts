import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import { compileAccessFormat, type FormatAccess } from './access-format.ts';
import type { AccessRecord } from './access-record.ts';
import { AppendSink } from './append-sink.ts';
import { openLogFile, openUnblocked } from './log-file.ts';

/** Lines wait for company this long, or until they are this many characters. */
const flushMs = 500;
const flushLength = 32 * 1024;
/** How long a worker that leaves waits for a slow reader. */
const leaveMs = 1000;

export interface AccessLogOptions {
  /** A file, or an open descriptor that stays as it is. */
  to: { path: string } | { fd: number };
  format: string;
  log: Log;
}

/** The access lines of one worker, written in batches of whole lines. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #format: FormatAccess;
  readonly #sink: AppendSink;
  #lines = '';
  #timer: NodeJS.Timeout | null = null;

  /** Throws TSGUN_E_LOG and TSGUN_E_SETTINGS. */
  constructor(options: AccessLogOptions) {
    const { to, format, log } = options;
    this.#options = options;
    this.#format = compileAccessFormat(format);
    const fd = 'fd' in to ? openUnblocked(to.fd) : openLogFile(to.path);
    this.#sink = new AppendSink(fd, (dropped) => {
      log({ level: 'warning', message: `${dropped} lines of the access log were dropped` });
      return '';
    });
  }

  write(record: AccessRecord): void {
    this.#lines += `${this.#format(record)}\n`;
    if (this.#lines.length >= flushLength) return this.#pass();
    // The end of the process flushes too, so nobody has to stay for this.
    this.#timer ??= setTimeout(() => this.#pass(), flushMs).unref();
  }

  /** For log rotation; when the file cannot be opened the open one is kept. */
  reopen(): void {
    const { to, log } = this.#options;
    if ('fd' in to) return;
    this.#pass();
    try {
      this.#sink.replace(openLogFile(to.path));
    } catch (error) {
      log({ level: 'error', message: messageOf(error) });
    }
  }

  /** Settles when every line so far is written, or the reader is too slow to wait for. */
  async flush(): Promise<void> {
    this.#pass();
    await this.#sink.flush(leaveMs);
  }

  /** For the end of the process. */
  flushSync(): void {
    this.#sink.flushSync(this.#takeLines());
  }

  #pass(): void {
    const lines = this.#takeLines();
    if (lines !== '') this.#sink.write(lines);
  }

  #takeLines(): string {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const lines = this.#lines;
    this.#lines = '';
    return lines;
  }
}
