import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compactAge,
  compactBytes,
  compactCount,
  compactMs,
  compactPercent,
} from '../../../../ctl/top/compact.ts';

test('compactMs()', () => {
  const texts = [null, 0, 4.12, 9.97, 412.4, 999.6, 4100, 41_000].map(compactMs);
  assert.deepEqual(texts, ['-', '0.0ms', '4.1ms', '10ms', '412ms', '1.0s', '4.1s', '41s']);
});

test('compactAge()', () => {
  const texts = [0, 59_999, 60_000, 3_599_000, 3_600_000, 90_000_000, 8_640_000_000, -5];
  assert.deepEqual(texts.map(compactAge), [
    '0s',
    '59s',
    '1m0s',
    '59m59s',
    '1h0m',
    '1d1h',
    '100d',
    '0s',
  ]);
});

test('compactCount()', () => {
  const texts = [null, 0, 3, 7.82, 312.4, 999.7, 3100, 31_000, 3_100_000, 9.9e12];
  assert.deepEqual(texts.map(compactCount), [
    '-',
    '0',
    '3',
    '7.8',
    '312',
    '1.0k',
    '3.1k',
    '31k',
    '3.1M',
    '9.9T',
  ]);
});

test('compactBytes() and compactPercent()', () => {
  assert.deepEqual([0, 1023, 84 * 2 ** 20, 1.2 * 2 ** 30].map(compactBytes), [
    '0B',
    '1023B',
    '84M',
    '1.2G',
  ]);
  assert.deepEqual([null, 0, 12.4, 199.6].map(compactPercent), ['-', '0%', '12%', '200%']);
});
