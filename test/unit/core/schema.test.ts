import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bytes,
  choice,
  commaList,
  duration,
  either,
  flag,
  int,
  list,
  octal,
  pairs,
  type Schema,
  text,
  textLike,
} from '../../../src/core/schema.ts';

/** The value, or what would have been understood. */
const fromText = <T>(schema: Schema<T>, given: string): unknown => {
  const parsed = schema.fromText(given);
  return parsed.ok ? parsed.value : { expected: parsed.expected };
};

const fromValue = <T>(schema: Schema<T>, given: unknown): unknown => {
  const parsed = schema.fromValue(given);
  return parsed.ok ? parsed.value : { expected: parsed.expected };
};

test('int keeps to whole numbers in its range', () => {
  const schema = int({ min: 1, max: 10 });
  assert.equal(fromText(schema, '4'), 4);
  assert.equal(fromValue(schema, 4), 4);
  const expected = { expected: 'a whole number from 1 to 10' };
  for (const given of ['0', '11', '1.5', '-1', '', 'x', '0x4', '99999999999'])
    assert.deepEqual(fromText(schema, given), expected, given);
  for (const given of ['4', 0, 11, 1.5, NaN, Infinity, null, true, [], {}, 4n])
    assert.deepEqual(fromValue(schema, given), expected, String(given));
});

test('duration, bytes and octal take numbers and text alike', () => {
  assert.equal(fromText(duration(), '2m'), 120);
  assert.equal(fromValue(duration(), '500ms'), 0.5);
  assert.equal(fromValue(duration(), 1.5), 1.5);
  assert.equal(fromText(bytes(), '512M'), 536_870_912);
  assert.equal(fromValue(bytes(), 1024), 1024);
  assert.equal(fromText(octal(), '022'), 0o22);
  assert.equal(fromValue(octal(), 0o640), 0o640);
});

test('duration, bytes and octal refuse what is out of range', () => {
  for (const given of [-1, 0.01, NaN, Infinity, 1e12, null, [1], '9'.repeat(400)])
    assert.match(JSON.stringify(fromValue(duration({ min: 0.1 }), given)), /seconds from 0\.1/);
  for (const given of [-1, 0.5, 2 ** 53, '9'.repeat(400)])
    assert.match(JSON.stringify(fromValue(bytes(), given)), /a size in bytes/);
  for (const given of [-1, 0o10000, 1.5, '99'])
    assert.match(JSON.stringify(fromValue(octal(), given)), /octal file mode/);
});

test('text is neither empty nor more than a line of C', () => {
  assert.equal(fromText(text(), 'x y'), 'x y');
  for (const given of ['', 'a\0b', 1, null, ['x']])
    assert.deepEqual(fromValue(text(), given), { expected: 'text that is not empty' });
});

test('textLike says what form it wants', () => {
  const schema = textLike('K=V', /^\w+=/, 'NAME=VALUE');
  assert.equal(fromText(schema, 'A='), 'A=');
  assert.deepEqual(fromText(schema, 'A'), { expected: 'NAME=VALUE' });
});

test('choice names every choice', () => {
  assert.equal(fromText(choice('a', 'b'), 'b'), 'b');
  assert.deepEqual(fromText(choice('a', 'b'), 'B'), { expected: 'one of "a", "b"' });
  assert.deepEqual(fromValue(choice('a', 'b'), 'toString'), { expected: 'one of "a", "b"' });
});

test('flag takes booleans, and their words on the command line', () => {
  assert.equal(fromValue(flag(), false), false);
  assert.equal(fromText(flag(), 'true'), true);
  for (const given of [1, 0, 'yes', 'true', '', null])
    assert.deepEqual(fromValue(flag(), given), { expected: 'true or false' });
});

test('list takes one value or several, and at least as many as it has to', () => {
  const schema = list(int(), { min: 1 });
  assert.deepEqual(fromText(schema, '4'), [4]);
  assert.deepEqual(fromValue(schema, 4), [4]);
  assert.deepEqual(fromValue(schema, [4, 5]), [4, 5]);
  assert.deepEqual(fromValue(schema, []), { expected: 'a list of at least 1' });
  assert.deepEqual(fromValue(list(int()), []), []);
  assert.match(JSON.stringify(fromValue(schema, [1, 'x'])), /a list, each entry a whole number/);
  assert.match(JSON.stringify(fromValue(schema, [[1]])), /a list, each entry a whole number/);
});

test('either says all that it would have understood', () => {
  const schema = either(int({ min: 1 }), choice('auto'));
  assert.equal(fromText(schema, 'auto'), 'auto');
  assert.equal(fromValue(schema, 2), 2);
  assert.deepEqual(fromText(schema, '0'), {
    expected: 'a whole number from 1, or "auto"',
  });
});

test('no schema throws, whatever it is given', () => {
  const schemas: Schema<unknown>[] = [
    int(),
    duration(),
    bytes(),
    octal(),
    text(),
    choice('a'),
    flag(),
    list(text()),
    either(int(), choice('auto')),
  ];
  fc.assert(
    fc.property(fc.constantFrom(...schemas), fc.anything(), fc.string(), (schema, value, given) => {
      schema.fromValue(value);
      schema.fromText(given);
    }),
  );
});

test('commaList splits text at commas, and takes lists as they are', () => {
  const hosts = commaList(text('HOST'));
  const both = { ok: true, value: ['a', 'b'] };
  for (const given of ['a,b', ' a , b,', ',a,,b'])
    assert.deepEqual([hosts.fromText(given), hosts.fromValue(given)], [both, both]);
  assert.deepEqual(hosts.fromValue(['a', 'b']), both);
  assert.deepEqual(hosts.fromText(''), { ok: true, value: [] });
  assert.equal(hosts.fromValue([1]).ok, false);
});

test('pairs are an object, or text with an equals sign each', () => {
  const headers = pairs('NAME=VALUE');
  const both = { ok: true, value: { A: 'b', C: 'd=e' } };
  assert.deepEqual(headers.fromText('A=b, C=d=e'), both);
  assert.deepEqual(headers.fromValue({ A: 'b', C: 'd=e' }), both);
  assert.deepEqual(headers.fromValue('A=b,C=d=e'), both);
  for (const given of [1, null, { A: 1 }, 'A', ['A=b']])
    assert.equal(headers.fromValue(given).ok, false, JSON.stringify(given));
});

test('text of a form can be empty only where that was said', () => {
  assert.equal(textLike('PATH', /^(?:\/.*)?$/, 'a path').fromText('').ok, false);
  const path = textLike('PATH', /^(?:\/.*)?$/, 'a path', { empty: true });
  assert.deepEqual(path.fromText(''), { ok: true, value: '' });
  assert.equal(path.fromText('a').ok, false);
});
