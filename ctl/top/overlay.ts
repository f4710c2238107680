import { cleanText, wrapText } from '../terminal/width.ts';
import type { Size } from './layout.ts';
import type { Overlay } from './state.ts';

type Sheet = Exclude<Overlay, { kind: 'confirm' }>;

const help = `up down j k     select a worker       s > right    sort by the next column
PgUp PgDn       a page up or down     < left       sort by the one before
g G Home End    first, last           r            sort the other way round

+ -             one worker more, one less
R               recycle the selected worker
D               stack of the selected worker, without harm to it
L               reload gracefully, after a question
e               last message in full

q Ctrl-C        quit                  Ctrl-L       draw again
? h             this help             Ctrl-Z       suspend

rate, latency and queue are drawn over time, the newest at the right, one
column for three seconds; "max" is the highest that is drawn. INFL: requests in
flight. P50, P99: latency. LAG: delay of the event loop.`;

export const titleOfOverlay = (overlay: Sheet): string =>
  overlay.kind === 'help' ? 'Keys' : overlay.title;

/** Clean, and none wider than the screen: nothing of a stack is cut off. */
export const overlayLines = (overlay: Sheet, { columns }: Size): string[] =>
  (overlay.kind === 'help' ? help : overlay.text)
    .split(/\r?\n/)
    .flatMap((line) => wrapText(cleanText(line), Math.max(1, columns)));
