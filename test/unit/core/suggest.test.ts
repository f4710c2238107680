import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { suggest } from '../../../src/core/suggest.ts';

test('suggest finds the word with a letter missing, added, changed or swapped', () => {
  const known = ['workers', 'threads', 'timeout', 'keepalive'];
  for (const word of ['worker', 'workerss', 'wurkers', 'wrokers', 'WORKERS'])
    assert.equal(suggest(word, known), 'workers', word);
});

test('suggest says nothing of words that are far from all', () => {
  assert.equal(suggest('banana', ['workers', 'threads']), null);
  assert.equal(suggest('', ['workers']), null);
  assert.equal(suggest('x', []), null);
});

test('suggest takes the nearest', () => {
  assert.equal(suggest('timeot', ['boot_timeout', 'timers', 'timeout']), 'timeout');
});

test('suggest finds every word that it knows', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), (known) => {
      const [word = ''] = known;
      assert.equal(suggest(word, [word]), word);
    }),
  );
});
