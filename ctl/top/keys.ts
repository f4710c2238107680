/** A key by its name, or the character that it types. */
export type Key = string;

const controls: Readonly<Record<string, Key>> = {
  '\x03': 'interrupt',
  '\x0c': 'redraw',
  '\r': 'enter',
  '\n': 'enter',
  '\x1a': 'suspend',
  '\x1b': 'escape',
  '\x02': 'page-up',
  '\x06': 'page-down',
};

const letters: Readonly<Record<string, Key>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
};

const numbers: Readonly<Record<string, Key>> = {
  '1': 'home',
  '4': 'end',
  '5': 'page-up',
  '6': 'page-down',
  '7': 'home',
  '8': 'end',
};

// What follows an ESC: a whole sequence, or the beginning of one.
const sequence = /^(?:\[([0-9;<=>?]*)[ -/]*([@-~])|O([ -~]))/;
const beginning = /^(?:\[[ -?]*|O)?$/;

/** No terminal sends longer ones. */
const longest = 32;

/**
 * Keys out of what a terminal sends, read as latin1. `rest` is the beginning of a sequence whose
 * end may still come; with `last` it is none, and a lone ESC is the Escape key.
 */
export function parseKeys(input: string, last = false): { keys: Key[]; rest: string } {
  const keys: Key[] = [];
  let left = input;
  while (left !== '') {
    const { key, length } = takeKey(left, last);
    if (length === 0) break;
    if (key !== undefined) keys.push(key);
    left = left.slice(length);
  }
  return { keys, rest: left };
}

/** The first key and how long it is; no length when its end is missing. */
function takeKey(input: string, last: boolean): { key: Key | undefined; length: number } {
  const one = input.charAt(0);
  if (one === '\x1b') {
    const tail = input.slice(1);
    const found = sequence.exec(tail);
    if (found) return { key: nameOf(found), length: 1 + found[0].length };
    if (!last && input.length < longest && beginning.test(tail)) {
      return { key: undefined, length: 0 };
    }
  }
  return { key: controls[one] ?? (/[ -~]/.test(one) ? one : undefined), length: 1 };
}

/** Undefined for keys that mean nothing here: function keys, a mouse, pasted text. */
function nameOf([, parameters = '', final = '', single = '']: RegExpExecArray): Key | undefined {
  if (single !== '') return single === 'M' ? 'enter' : letters[single];
  return final === '~' ? numbers[parameters.split(';')[0] ?? ''] : letters[final];
}
