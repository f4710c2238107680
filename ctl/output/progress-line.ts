import { isatty } from 'node:tty';
import type { ProgressView } from '../../src/protocol/control/views.ts';
import { layLine } from '../terminal/line.ts';
import { formatDuration } from './format.ts';
import { printNote } from './print.ts';

/** What is done within this needs no line. */
const unnoticedMs = 300;
const redrawMs = 1000;

/** Tells on standard error how far an operation is: one line that is redrawn, or one for each step. */
export class ProgressLine {
  readonly #startedAt = performance.now();
  readonly #lines: boolean;
  readonly #live: boolean;
  #last: ProgressView | null = null;
  #drawn = false;
  #timer: NodeJS.Timeout | null = null;

  /** `lines` asks for one line for each step; without it only a terminal gets anything. */
  constructor(lines: boolean) {
    this.#lines = lines;
    this.#live = !lines && isatty(2);
    if (this.#live) this.#schedule(unnoticedMs);
  }

  show(progress: ProgressView): void {
    this.#last = progress;
    if (this.#lines) printNote(describe(progress));
    else if (this.#drawn) this.#draw();
  }

  /** Leaves no trace of the line. */
  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#drawn) process.stderr.write('\r\x1b[K');
    this.#drawn = false;
    this.#last = null;
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#draw();
      this.#schedule(redrawMs);
    }, ms);
    this.#timer.unref();
  }

  #draw(): void {
    if (this.#last === null) return;
    const age = formatDuration(performance.now() - this.#startedAt);
    const width = Math.max(20, process.stderr.columns || 80) - 1;
    const line = layLine([`${describe(this.#last)} (${age})`], width, (_tone, text) => text);
    process.stderr.write(`\r\x1b[K${line}`);
    this.#drawn = true;
  }
}

/** `op:17 reload, rolling 2/4: worker 3 is ready` */
export function describe({ op, method, phase, done, total, text }: ProgressView): string {
  const count = done === null || total === null ? '' : ` ${done}/${total}`;
  return `op:${op} ${method}, ${phase}${count}${text === '' ? '' : `: ${text}`}`;
}
