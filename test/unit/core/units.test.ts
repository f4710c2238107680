import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffDelay } from '../../../src/core/backoff.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { parseBytes, parseDuration, parseOctal } from '../../../src/core/units.ts';

test('durations are seconds unless they have a unit', () => {
  const cases = {
    '30': 30,
    '0.5': 0.5,
    '500ms': 0.5,
    '2s': 2,
    '5m': 300,
    '1.5h': 5400,
    '1d': 86_400,
  };
  for (const [text, seconds] of Object.entries(cases)) assert.equal(parseDuration(text), seconds);
  for (const text of ['', '-1', '5x', 's', '1e3', '1 m 2'])
    assert.equal(parseDuration(text), undefined);
});

test('sizes are powers of 1024', () => {
  const cases = {
    '10': 10,
    '1K': 1024,
    '1kb': 1024,
    '512M': 2 ** 29,
    '1GiB': 2 ** 30,
    '1.5g': 1.5 * 2 ** 30,
  };
  for (const [text, size] of Object.entries(cases)) assert.equal(parseBytes(text), size);
  for (const text of ['', '-1', 'M', '5X', '1Mi B']) assert.equal(parseBytes(text), undefined);
});

test('file modes are octal with or without a prefix', () => {
  for (const text of ['22', '022', '0o22']) assert.equal(parseOctal(text), 0o22);
  for (const text of ['', '8', '0x1', '77777', '-1']) assert.equal(parseOctal(text), undefined);
});

test('pauses double up to the longest and never overflow', () => {
  const pause = { initialMs: 500, maxMs: 30_000 };
  assert.deepEqual(
    [0, 1, 2, 3, 7, 10_000].map((failures) => backoffDelay(failures, pause)),
    [0, 500, 1000, 2000, 30_000, 30_000],
  );
});

test('an error knows the exit code of its kind', () => {
  assert.equal(new TsgunError('TSGUN_E_SETTINGS', '').exitCode, 78);
  assert.equal(new TsgunError('TSGUN_E_USAGE', '').exitCode, 2);
  assert.equal(new TsgunError('TSGUN_E_BIND', '').exitCode, 1);
});
