import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWorkers, suitWorkers } from '../../../../src/cli/init/choose-workers.ts';

test('suitWorkers() gives event loops a CPU each, and others more', () => {
  const count = (language: 'node' | 'python', style: 'wsgi' | 'asgi' | null, cpus: number) =>
    suitWorkers({ language, style }, cpus).count;
  assert.equal(count('node', null, 8), 8);
  assert.equal(count('node', null, 1), 2);
  assert.equal(count('python', 'asgi', 4), 4);
  assert.equal(count('python', 'wsgi', 4), 9);
  assert.equal(count('python', null, 1), 3);
});

test('readWorkers() takes what is asked for, and refuses what makes no sense', () => {
  assert.deepEqual(readWorkers('5'), { count: 5, because: null });
  assert.deepEqual(readWorkers('auto'), { count: 'auto', because: null });
  for (const bad of ['0', '-1', 'many', '', '2000']) {
    assert.throws(() => readWorkers(bad), /^TsgunError: init: --workers: ".*" is not a whole/);
  }
});
