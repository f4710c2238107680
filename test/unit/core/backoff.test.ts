import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffDelay } from '../../../src/core/backoff.ts';

const pauses = { initialMs: 500, maxMs: 30_000 };

test('the first try and the first retry come at once', () => {
  assert.equal(backoffDelay(-1, pauses), 0);
  assert.equal(backoffDelay(0, pauses), 0);
});

test('pauses double up to the longest', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffDelay(failures, pauses)),
    [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  );
});

test('a longest pause below the first one is kept to', () => {
  assert.equal(backoffDelay(1, { initialMs: 500, maxMs: 100 }), 100);
});

test('a pause never shrinks, overflows or gets longer than the longest, however many failed', () => {
  const limits = fc.record({
    initialMs: fc.integer({ min: 1, max: 1e6 }),
    maxMs: fc.integer({ min: 1, max: 1e9 }),
  });
  fc.assert(
    fc.property(limits, fc.nat(), (backoff, failures) => {
      const pause = backoffDelay(failures, backoff);
      assert.ok(pause >= 0 && pause <= backoff.maxMs);
      assert.ok(backoffDelay(failures + 1, backoff) >= pause);
    }),
  );
});
