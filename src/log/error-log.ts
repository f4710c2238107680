import { Writable } from 'node:stream';
import type { Logger } from 'winston';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { isJournal } from '../core/journal.ts';
import { type Log, type LogLevel, logLevels } from '../core/logger.ts';
import { AppendSink } from './append-sink.ts';
import {
  type Render,
  renderJournal,
  renderJson,
  renderText,
  type TimedRecord,
} from './error-format.ts';
import { openLogFile, openUnblocked } from './log-file.ts';

export interface ErrorLogOptions {
  /** A file, or `-` for stderr. */
  path: string;
  format: 'auto' | 'text' | 'json';
  level: LogLevel;
  clock: Clock;
  env: NodeJS.ProcessEnv;
}

const stderr = 2;
/** Before winston is there; a start that says more than this has other troubles. */
const mostQueued = 1000;
/** How long the end of the process waits for a slow reader. */
const closeMs = 1000;

/** The one writer of the error log: winston over a sink of our own. */
export class ErrorLog {
  readonly #options: ErrorLogOptions;
  readonly #sink: AppendSink;
  readonly #render: Render;
  readonly #queued: TimedRecord[] = [];
  #level: LogLevel;
  #unqueued = 0;
  /** Null until there is something to write with. */
  #write: ((record: TimedRecord) => void) | null = null;
  #logger: Logger | null = null;
  #loading: Promise<void> | null = null;
  #listener: ((record: TimedRecord) => void) | null = null;

  /** Throws TSGUN_E_LOG when the file cannot be opened. */
  constructor(options: ErrorLogOptions) {
    const { path, level } = options;
    this.#options = options;
    this.#level = level;
    const fd = path === '-' ? openUnblocked(stderr) : openLogFile(path);
    this.#render = chooseRender(options, fd);
    this.#sink = new AppendSink(fd, (dropped) => this.#render(this.#tellDropped(dropped)));
  }

  readonly log: Log = (record) => {
    const timed = { pid: process.pid, ...record, time: this.#options.clock.wallTime() };
    if (this.#isWanted(timed)) this.#listener?.(timed);
    if (this.#write) this.#write(timed);
    else if (this.#queued.length < mostQueued) this.#queued.push(timed);
    else this.#unqueued += 1;
  };

  /**
   * winston takes longer to load than a worker to be spawned, so it is loaded when there is nothing
   * more urgent; until then records are kept.
   */
  start(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Somebody who hears of every record that is written. */
  listen(listener: (record: TimedRecord) => void): void {
    this.#listener = listener;
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
    if (this.#logger) this.#logger.level = level;
  }

  /** Opens the file of that name again; when that fails the open one is kept. */
  reopen(): void {
    if (this.#options.path === '-') return;
    try {
      this.#sink.replace(openLogFile(this.#options.path));
    } catch (error) {
      this.log({ level: 'error', message: messageOf(error) });
    }
  }

  /** Settles when everything is written, or a reader was too slow for the end of the process. */
  async close(): Promise<void> {
    await this.start();
    await this.#sink.flush(closeMs);
  }

  /** For a process that ends at once: writes what is left, without waiting for winston. */
  closeSync(): void {
    const last = this.#queued.splice(0).map((record) => this.#renderWanted(record));
    this.#sink.flushSync(last.join(''));
  }

  async #load(): Promise<void> {
    try {
      const logger = await this.#createLogger();
      this.#startWriting((record) => {
        logger.log({ level: record.level, message: record.message, record });
      });
    } catch (error) {
      // Out of descriptors, say: the log is the last thing that may be lost then.
      this.#startWriting((record) => this.#sink.write(this.#renderWanted(record)));
      this.log({ level: 'warning', message: `Cannot load winston: ${messageOf(error)}` });
    }
  }

  async #createLogger(): Promise<Logger> {
    const { default: winston } = await import('winston');
    const sink = this.#sink;
    const stream = new Writable({
      decodeStrings: false,
      write(lines, _encoding, done) {
        sink.write(String(lines));
        done();
      },
    });
    const render = this.#render;
    this.#logger = winston.createLogger({
      level: this.#level,
      levels: Object.fromEntries(logLevels.toReversed().map((name, rank) => [name, rank])),
      format: winston.format.printf((info) => render(info['record'] as TimedRecord)),
      transports: [new winston.transports.Stream({ stream, eol: '' })],
    });
    return this.#logger;
  }

  #startWriting(write: (record: TimedRecord) => void): void {
    this.#write = write;
    for (const record of this.#queued.splice(0)) write(record);
    if (this.#unqueued > 0) write(this.#tellDropped(this.#unqueued));
    this.#unqueued = 0;
  }

  /** What winston would write of a record. */
  #renderWanted(record: TimedRecord): string {
    return this.#isWanted(record) ? this.#render(record) : '';
  }

  #isWanted({ level }: TimedRecord): boolean {
    return logLevels.indexOf(level) >= logLevels.indexOf(this.#level);
  }

  #tellDropped(count: number): TimedRecord {
    const time = this.#options.clock.wallTime();
    return { level: 'warning', message: `${count} lines were dropped`, pid: process.pid, time };
  }
}

function chooseRender({ format, env }: ErrorLogOptions, fd: number): Render {
  if (format === 'json') return renderJson;
  return format === 'auto' && isJournal(fd, env) ? renderJournal : renderText;
}
