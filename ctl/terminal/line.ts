import type { Paint, Tone } from './paint.ts';
import { cleanText, cutText, widthOf } from './width.ts';

/** Text as it came, with the tone to show it in. */
export type Piece = string | readonly [tone: Tone, text: string];

/** One line of a screen that is `width` columns wide, cut where it does not fit. */
export function layLine(pieces: readonly Piece[], width: number, paint: Paint): string {
  let line = '';
  let left = width;
  for (const piece of pieces) {
    const [tone, raw] = typeof piece === 'string' ? (['plain', piece] as const) : piece;
    const clean = cleanText(raw);
    const text = cutText(clean, left);
    line += paint(tone, text);
    left -= widthOf(text);
    if (left <= 0 || text !== clean) break;
  }
  return line;
}

export const widthOfPieces = (pieces: readonly Piece[]): number =>
  pieces.reduce(
    (sum, piece) => sum + widthOf(cleanText(typeof piece === 'string' ? piece : piece[1])),
    0,
  );

/** `left` and, as far as there is room behind it, `right` at the edge of the screen. */
export function layEnds(
  left: readonly Piece[],
  right: readonly Piece[],
  width: number,
  paint: Paint,
): string {
  const room = width - widthOfPieces(left) - widthOfPieces(right);
  return room < 1
    ? layLine(left, width, paint)
    : layLine([...left, ' '.repeat(room), ...right], width, paint);
}
