import type { JsonSchema, Shape } from './shape.ts';
import { parseBytes, parseDuration, parseOctal } from './units.ts';

/** What was meant, or what would have been understood. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; expected: string };

/** How values of one kind are written: as text on a command line, typed in a file or a message. */
export interface Schema<T> extends Shape<T> {
  /** What stands for the value in `--help`; null for a flag that takes none. */
  readonly metavar: string | null;
  /** Several values; each text is one of them. */
  readonly many: boolean;
  fromText(text: string): Parsed<T>;
  fromValue(value: unknown): Parsed<T>;
}

const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });

/** A schema of one value, from what may be said and how each form is read. */
function scalar<T>(
  metavar: string,
  expected: string,
  json: JsonSchema,
  text: (text: string) => T | undefined,
  value: (value: unknown) => T | undefined,
): Schema<T> {
  const settle = (result: T | undefined): Parsed<T> =>
    result === undefined ? { ok: false, expected } : parsed(result);
  return {
    metavar,
    many: false,
    json,
    fromText: (given) => settle(text(given)),
    fromValue: (given) => settle(value(given)),
  };
}

const numberIn = (min: number, max: number, whole: boolean) => (value: unknown) =>
  typeof value === 'number' &&
  value >= min &&
  value <= max &&
  (!whole || Number.isInteger(value)) &&
  Number.isFinite(value)
    ? value
    : undefined;

const numberOrText = (description: string): JsonSchema => ({
  type: ['number', 'string'],
  description,
});

/** What has units or a base of its own is text in a file as well. */
const orText =
  (check: (given: unknown) => number | undefined, read: (given: string) => number | undefined) =>
  (given: unknown) =>
    typeof given === 'string' ? read(given) : check(given);

export function int({ min = 0, max = 2 ** 31 - 1 } = {}): Schema<number> {
  const range = max === 2 ** 31 - 1 ? `from ${min}` : `from ${min} to ${max}`;
  const check = numberIn(min, max, true);
  const read = (given: string) =>
    /^\d{1,10}$/.test(given.trim()) ? check(Number(given)) : undefined;
  return scalar(
    'INT',
    `a whole number ${range}`,
    { type: 'integer', minimum: min, maximum: max },
    read,
    check,
  );
}

/** Seconds, with or without a unit. */
export function duration({ min = 0 } = {}): Schema<number> {
  const check = numberIn(min, 10 * 365 * 86_400, false);
  const read = (given: string) => check(parseDuration(given));
  const expected = `seconds from ${min}, or a duration such as "500ms" or "2m"`;
  return scalar('SECONDS', expected, numberOrText(expected), read, orText(check, read));
}

export function bytes(): Schema<number> {
  const check = numberIn(0, 2 ** 53 - 1, true);
  const read = (given: string) => check(parseBytes(given));
  const expected = 'a size in bytes, or one such as "512M"';
  return scalar('SIZE', expected, numberOrText(expected), read, orText(check, read));
}

export function octal(): Schema<number> {
  const check = numberIn(0, 0o7777, true);
  const expected = 'an octal file mode such as "022"';
  return scalar('MODE', expected, numberOrText(expected), parseOctal, orText(check, parseOctal));
}

const nonEmpty = (given: unknown) =>
  typeof given === 'string' && given !== '' && !given.includes('\0') ? given : undefined;

export const text = (metavar = 'TEXT'): Schema<string> =>
  scalar(metavar, 'text that is not empty', { type: 'string', minLength: 1 }, nonEmpty, nonEmpty);

/** Text of a certain form; empty only where that is a form too. */
export const textLike = (
  metavar: string,
  pattern: RegExp,
  expected: string,
  { empty = false } = {},
): Schema<string> => {
  const check = (given: unknown) => {
    const found = empty && given === '' ? given : nonEmpty(given);
    return found !== undefined && pattern.test(found) ? found : undefined;
  };
  const json = { type: 'string', pattern: pattern.source, description: expected };
  return scalar(metavar, expected, json, check, check);
};

export function choice<const T extends string>(...choices: readonly T[]): Schema<T> {
  const find = (given: unknown) => choices.find((one) => one === given);
  return scalar(
    choices.join('|').length > 24 ? 'NAME' : choices.join('|'),
    (choices.length > 1 ? 'one of ' : '') + choices.map((one) => `"${one}"`).join(', '),
    { enum: choices },
    find,
    find,
  );
}

export function flag(): Schema<boolean> {
  const settle = (right: boolean, value: boolean): Parsed<boolean> =>
    right ? parsed(value) : { ok: false, expected: 'true or false' };
  return {
    metavar: null,
    many: false,
    json: { type: 'boolean' },
    fromText: (given) => settle(given === 'true' || given === 'false', given === 'true'),
    fromValue: (given) => settle(typeof given === 'boolean', given === true),
  };
}

/** One value or several. */
export const list = <T>(item: Schema<T>, { min = 0 } = {}): Schema<T[]> => ({
  metavar: item.metavar,
  many: true,
  json: { type: 'array', items: item.json, minItems: min },
  fromText(given) {
    const one = item.fromText(given);
    return one.ok ? parsed([one.value]) : one;
  },
  fromValue(given) {
    const values: T[] = [];
    for (const entry of Array.isArray(given) ? given : [given]) {
      const one = item.fromValue(entry);
      if (!one.ok) return { ok: false, expected: `a list, each entry ${one.expected}` };
      values.push(one.value);
    }
    if (values.length < min) return { ok: false, expected: `a list of at least ${min}` };
    return parsed(values);
  },
});

/** Several values, in text with commas between them. */
export function commaList<T>(item: Schema<T>): Schema<T[]> {
  const items = list(item);
  const split = (given: string) => items.fromValue(given.split(',').flatMap(trimmed));
  return {
    ...items,
    fromText: split,
    fromValue: (given) => (typeof given === 'string' ? split(given) : items.fromValue(given)),
  };
}

const trimmed = (part: string): string[] => (part.trim() === '' ? [] : [part.trim()]);

/** Text by name; in text `NAME=VALUE` with commas between them. */
export function pairs(metavar: string): Schema<Record<string, string>> {
  const expected = `text by name, or ${metavar},${metavar} ...`;
  const settle = (entries: readonly (readonly unknown[])[]) =>
    entries.every((pair) => pair.length === 2 && pair.every((part) => typeof part === 'string'))
      ? (Object.fromEntries(entries) as Record<string, string>)
      : undefined;
  const read = (given: string) =>
    settle(
      given
        .split(',')
        .flatMap(trimmed)
        .map((pair) => pair.split(/=(.*)/s, 2)),
    );
  const check = (given: unknown) => {
    if (typeof given === 'string') return read(given);
    const named = typeof given === 'object' && given !== null && !Array.isArray(given);
    return named ? settle(Object.entries(given)) : undefined;
  };
  return scalar(metavar, expected, { type: ['object', 'string'] }, read, check);
}

/** The first schema that understands a value. */
export function either<A, B>(first: Schema<A>, second: Schema<B>): Schema<A | B> {
  const settle = (one: Parsed<A>, other: () => Parsed<B>): Parsed<A | B> => {
    if (one.ok) return one;
    const two = other();
    return two.ok ? two : { ok: false, expected: `${one.expected}, or ${two.expected}` };
  };
  return {
    metavar: `${first.metavar}|${second.metavar}`,
    many: false,
    json: { anyOf: [first.json, second.json] },
    fromText: (given) => settle(first.fromText(given), () => second.fromText(given)),
    fromValue: (given) => settle(first.fromValue(given), () => second.fromValue(given)),
  };
}
