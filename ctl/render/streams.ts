import type { EventView, LogView } from '../../src/protocol/control/views.ts';
import { formatTime } from '../output/format.ts';
import type { Line } from '../output/look.ts';
import type { Tone } from '../terminal/paint.ts';

const levelTones: Readonly<Record<string, Tone>> = {
  debug: 'faint',
  info: 'plain',
  warning: 'warn',
  error: 'bad',
  critical: 'bad',
};

/** `2026-11-21 09:05:20  17  reload-started  text` */
export const renderEvent = ({ at, seq, type, text }: EventView): Line[] =>
  hang(
    [['faint', `${formatTime(at)}  `], `${seq}  `, ['strong', type.padEnd(16)], '  '],
    text,
    'plain',
  );

/** As in the error log. */
export const renderLog = ({ at, pid, level, message }: LogView): Line[] =>
  hang(
    [['faint', `[${formatTime(at)}] [${pid}] `], `[${level.toUpperCase()}] `],
    message,
    levelTones[level] ?? 'plain',
  );

/** More lines of one record stand out from what follows. */
function hang(head: Line, text: string, tone: Tone): Line[] {
  const [first = '', ...more] = text.trimEnd().split('\n');
  return [[...head, [tone, first]], ...more.map((line): Line => ['  ', [tone, line]])];
}
