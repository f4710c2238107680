// Columns that text takes on a terminal. Characters that terminals disagree about (combining marks,
// joiners, right-to-left marks) are never printed as they are: cleanText escapes them.

// Made at its first use: the tables of Unicode take a millisecond, and most text needs none.
let unprintable: RegExp | undefined;
const findUnprintable = (): RegExp => {
  const kinds = ['Cc', 'Cf', 'Co', 'Cs', 'Cn', 'Mn', 'Me', 'Mc', 'Zl', 'Zp'];
  unprintable ??= new RegExp(`[${kinds.map((kind) => `\\p{${kind}}`).join('')}]`, 'gu');
  return unprintable;
};

/** Untrusted text on one line: nothing in it can steer the terminal or shift what follows. */
export const cleanText = (text: string): string =>
  plainText.test(text)
    ? text
    : text
        .normalize('NFC')
        .replaceAll('\t', '  ')
        .replaceAll(findUnprintable(), (one) => {
          const code = one.codePointAt(0) ?? 0;
          return code < 0x100 ? `\\x${hex(code).padStart(2, '0')}` : `\\u{${hex(code)}}`;
        });

const plainText = /^[ -~]*$/;

const hex = (code: number): string => code.toString(16);

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Of clean text. */
export function widthOf(text: string): number {
  if (plainText.test(text)) return text.length;
  let width = 0;
  for (const one of text) width += wide.test(one) ? 2 : 1;
  return width;
}

/** The beginning of clean text, with an ellipsis where something is missing. */
export function cutText(text: string, width: number, ellipsis = '…'): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = ellipsis.length;
  for (const one of text) {
    used += widthOf(one);
    if (used > width) break;
    kept += one;
  }
  return width < ellipsis.length ? '' : kept + ellipsis;
}

/** Clean text in pieces that fit. */
export function wrapText(text: string, width: number): string[] {
  const pieces = [''];
  let used = 0;
  for (const one of text) {
    const more = widthOf(one);
    if (used + more > width && used > 0) {
      pieces.push('');
      used = 0;
    }
    pieces[pieces.length - 1] += one;
    used += more;
  }
  return pieces;
}

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + text;
