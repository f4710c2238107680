import { formatNumber } from '../output/format.ts';
import { createPaint, type Tone } from '../terminal/paint.ts';
import { cleanText, padEnd, widthOf } from '../terminal/width.ts';
import type { Check, Verdict } from './check.ts';

export interface RenderOptions {
  color: boolean;
  /** Columns of the terminal; null when nothing has to fit. */
  width: number | null;
}

const labels: Record<Verdict, { word: string; tone: Tone }> = {
  fail: { word: 'FAIL', tone: 'bad' },
  warn: { word: 'WARN', tone: 'warn' },
  unknown: { word: '?', tone: 'faint' },
  ok: { word: 'ok', tone: 'good' },
};

const order = Object.keys(labels);

/** The worst first, each with what helps below it, and a count at the end. */
export function renderChecks(checks: readonly Check[], { color, width }: RenderOptions): string {
  const paint = color ? createPaint(true) : (_: Tone, text: string) => text;
  const sorted = checks.toSorted(
    (one, two) => order.indexOf(one.verdict) - order.indexOf(two.verdict),
  );
  const names = Math.max(...checks.map(({ name }) => widthOf(cleanText(name))), 0);
  const indent = 4 + 2 + names + 2;
  const room = width === null ? Number.POSITIVE_INFINITY : Math.max(20, width - indent);
  const lines = sorted.flatMap(({ hint, message, name, verdict }) => {
    const { tone, word } = labels[verdict];
    const head = `${paint(tone, word)}${' '.repeat(6 - word.length)}${padEnd(cleanText(name), names)}  `;
    const [first = '', ...more] = wrapWords(cleanText(message), room);
    const helps = hint === null ? [] : wrapWords(`-> ${cleanText(hint)}`, room);
    return [
      head + first,
      ...more.map((line) => ' '.repeat(indent) + line),
      ...helps.map((line) => ' '.repeat(indent) + paint('faint', line)),
    ];
  });
  return `${[...lines, '', summarize(checks)].join('\n')}\n`;
}

/** At spaces; a word that is longer than the room stays whole, so that it can be copied. */
function wrapWords(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= room) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

function summarize(checks: readonly Check[]): string {
  const count = (verdict: Verdict) => checks.filter((check) => check.verdict === verdict).length;
  const parts = [
    `${count('ok')} ok`,
    formatNumber(count('warn'), 'warning'),
    formatNumber(count('fail'), 'failure'),
    `${count('unknown')} unknown`,
  ];
  return parts.join(', ');
}
