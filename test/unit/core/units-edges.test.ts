import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBytes, parseDuration, parseOctal } from '../../../src/core/units.ts';

const cases = <T>(parse: (text: string) => T, table: Record<string, T>) => {
  for (const [text, expected] of Object.entries(table))
    assert.equal(parse(text), expected, JSON.stringify(text));
};

test('parseDuration reads seconds with and without a unit', () => {
  cases(parseDuration, {
    '30': 30,
    '0': 0,
    '2.5': 2.5,
    '30s': 30,
    '500ms': 0.5,
    '5m': 300,
    '1h': 3600,
    '1d': 86_400,
    ' 10 s ': 10,
  });
});

test('parseDuration refuses what is no duration', () => {
  for (const text of ['', 's', '-1', '1e3', '1.', '.5', '5 minutes', '1h30m', '0x10', 'NaN', '5M'])
    assert.equal(parseDuration(text), undefined, JSON.stringify(text));
});

test('parseDuration is exact for milliseconds', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), (ms) => assert.equal(parseDuration(`${ms}ms`), ms / 1000)),
  );
});

test('parseBytes reads sizes in powers of 1024', () => {
  cases(parseBytes, {
    '0': 0,
    '1000': 1000,
    '10b': 10,
    '1k': 1024,
    '1K': 1024,
    '1KB': 1024,
    '512M': 512 * 1024 ** 2,
    '1GiB': 1024 ** 3,
    '1.5g': 1.5 * 1024 ** 3,
    '2 TiB': 2 * 1024 ** 4,
  });
});

test('parseBytes refuses what is no size', () => {
  for (const text of ['', 'M', '-1', '1e3', '1 iB', '1P', '1MM', '1,5M'])
    assert.equal(parseBytes(text), undefined, JSON.stringify(text));
});

test('parseOctal reads file modes', () => {
  cases(parseOctal, {
    '0': 0,
    '22': 0o22,
    '022': 0o22,
    '0o22': 0o22,
    '1777': 0o1777,
    '01777': 0o1777,
  });
});

test('parseOctal refuses what is no file mode', () => {
  for (const text of ['', '8', '0x1f', '077777', '-1', 'u=rwx', '0o'])
    assert.equal(parseOctal(text), undefined, JSON.stringify(text));
});
