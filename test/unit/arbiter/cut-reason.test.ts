import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutReason } from '../../../src/arbiter/operator-reload.ts';

test('a reason is told, but not a book', () => {
  assert.equal(cutReason('deploy of 1.2.3'), 'deploy of 1.2.3');
  assert.equal(cutReason('x'.repeat(1_000_000)).length, 503);
});
