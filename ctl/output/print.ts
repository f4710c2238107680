import { isatty } from 'node:tty';
import { errnoOf } from '../../src/core/errors.ts';
import type { Globals } from '../command-line/globals.ts';
import { layLine } from '../terminal/line.ts';
import type { Paint } from '../terminal/paint.ts';
import { cleanText } from '../terminal/width.ts';
import type { Line } from './look.ts';

const noPaint: Paint = (_tone, text) => text;

/** With colours, or nothing at all. */
export async function choosePaint(color: boolean): Promise<Paint> {
  return color ? (await import('../terminal/paint.ts')).createPaint(true) : noPaint;
}

/** Whether colours are wanted where standard output goes. */
export function wantsColor(color: Globals['color']): boolean {
  if (color !== 'auto') return color === 'always';
  const { NO_COLOR, TERM } = process.env;
  return isatty(1) && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

/** Of the terminal that the output goes to; null when it goes elsewhere. */
export const outputWidth = (): number | null =>
  isatty(1) ? Math.max(20, process.stdout.columns || 80) : null;

/** What a terminal shows as it was meant: no control character in it has any effect. */
export function renderLines(lines: readonly Line[], paint: Paint, width: number | null): string {
  return lines
    .map((line) => `${layLine(line, width ?? Number.POSITIVE_INFINITY, paint)}\n`)
    .join('');
}

/** Bare values: as they are for a program, and for a terminal without what could steer it. */
export const showBare = (text: string): string =>
  isatty(1) ? text.split('\n').map(cleanText).join('\n') : text;

let failure: Error | null = null;
let listening = false;
const broken = Promise.withResolvers<void>();

/** Settles when nobody takes the result any more, as behind `| head`. */
export const outputBroken: Promise<void> = broken.promise;

/** The result, and nothing else. */
export function printResult(text: string): void {
  if (!listening) {
    listening = true;
    process.stdout.on('error', (error) => {
      failure ??= error;
      broken.resolve();
    });
  }
  if (text !== '' && failure === null) process.stdout.write(text);
}

/** Why the result could not be written, once what was printed is on its way; null for `| head`. */
export async function outputFailure(): Promise<Error | null> {
  if (listening) await new Promise((resolve) => setImmediate(resolve));
  return errnoOf(failure) === 'EPIPE' ? null : failure;
}

/** Everything that is not the result, with control characters made visible. */
export function printNote(text: string): void {
  const lines = text.split('\n').map((line): Line => [line]);
  process.stderr.write(renderLines(lines, noPaint, null));
}
