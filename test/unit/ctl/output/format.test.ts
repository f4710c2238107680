import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatNumber,
  formatRate,
  formatTime,
  formatValue,
} from '../../../../ctl/output/format.ts';

const table =
  <T>(format: (value: T) => string) =>
  (...cases: [T, string][]) => {
    for (const [value, text] of cases) assert.equal(format(value), text, String(value));
  };

test('formatDuration() shows the two largest units', () => {
  table(formatDuration)(
    [0, '0ms'],
    [999.4, '999ms'],
    [1000, '1.0s'],
    [9949, '9.9s'],
    [9950, '10s'],
    [59_499, '59s'],
    [59_500, '1m00s'],
    [192_000, '3m12s'],
    [3_599_600, '1h00m'],
    [7_384_000, '2h03m'],
    [86_400_000, '1d0h'],
    [360_000_000, '4d4h'],
    [-1, '-'],
    [Number.NaN, '-'],
  );
});

test('formatBytes() rounds within one unit', () => {
  table(formatBytes)(
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [88_080_384, '84 MiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [-1, '-'],
  );
});

test('formatMs() keeps a digit where it matters', () => {
  table(formatMs)(
    [null, '-'],
    [0.04, '0.0 ms'],
    [1.24, '1.2 ms'],
    [18.4, '18 ms'],
    [999.4, '999 ms'],
    [1500, '1.5 s'],
    [12_000, '12 s'],
  );
});

test('numbers are grouped, rounded and counted', () => {
  table(formatCount)([0, '0'], [999, '999'], [1000, '1,000'], [1_234_567, '1,234,567']);
  table(formatRate)([0, '0.0'], [9.94, '9.9'], [321.4, '321']);
  assert.equal(formatNumber(1, 'worker'), '1 worker');
  assert.equal(formatNumber(2000, 'worker'), '2,000 workers');
});

test('formatTime() is local', () => {
  const at = new Date(2026, 10, 21, 9, 5, 2);
  assert.equal(formatTime(at.getTime()), '2026-11-21 09:05:02');
  assert.equal(formatTime(Number.NaN), '-');
});

test('formatValue() shows empty text and nothing differently', () => {
  table(formatValue)(['', '""'], ['x', 'x'], [null, '-'], [['a'], '["a"]'], [false, 'false']);
});
