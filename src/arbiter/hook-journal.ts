import type { Log, LogRecord } from '../core/logger.ts';

/** A file that logs as it is loaded does so before there is a log. */
const mostKept = 1000;

/** What hooks log: kept until there is a log to write it to. */
export class HookJournal {
  #log: Log | null = null;
  #kept: LogRecord[] = [];

  readonly add = (record: LogRecord): void => {
    if (this.#log) this.#log(record);
    else if (this.#kept.length < mostKept) this.#kept.push(record);
  };

  writeTo(log: Log): void {
    this.#log = log;
    for (const record of this.#kept.splice(0)) log(record);
  }
}
