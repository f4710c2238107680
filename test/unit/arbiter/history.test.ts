import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../../src/arbiter/history.ts';

test('before the first reload there is nothing to tell', () => {
  const history = new History();
  history.onNotice({ notice: 'serving' }, 1);
  history.onNotice({ notice: 'reload-started', generation: 2 }, 2);
  assert.equal(history.lastReload, null);
  assert.deepEqual(history.reloads, { done: 0, failed: 0, rolledBack: 0 });
});

test('the last reload is told with its outcome and its reason, and all are counted', () => {
  const history = new History();
  history.onNotice({ notice: 'reload-done', generation: 2 }, 10);
  assert.deepEqual(history.lastReload, { outcome: 'done', generation: 2, reason: null, at: 10 });
  history.onNotice({ notice: 'reload-failed', generation: 3, reason: 'boom', kept: 2 }, 20);
  assert.deepEqual(history.lastReload, {
    outcome: 'failed',
    generation: 3,
    reason: 'boom',
    at: 20,
  });
  history.onNotice({ notice: 'rolled-back', generation: 4, reason: 'errors', kept: 2 }, 30);
  assert.deepEqual(history.lastReload, {
    outcome: 'rolled-back',
    generation: 4,
    reason: 'errors',
    at: 30,
  });
  assert.deepEqual(history.reloads, { done: 1, failed: 1, rolledBack: 1 });
});

test('the reason of the caller is told with a reload that is done', () => {
  const history = new History();
  history.onNotice({ notice: 'reload-done', generation: 2 }, 10);
  history.explain(2, 'release 1.4');
  assert.equal(history.lastReload?.reason, 'release 1.4');
  history.onNotice({ notice: 'reload-done', generation: 3 }, 20);
  assert.equal(history.lastReload?.reason, null);
});

test('the reason of a reload that waits to be confirmed is told when it is', () => {
  const history = new History();
  history.explain(2, 'release 1.4');
  assert.equal(history.lastReload, null);
  history.onNotice({ notice: 'reload-done', generation: 2 }, 10);
  assert.equal(history.lastReload?.['reason'], 'release 1.4');
});

test('why it failed is more than why it was begun', () => {
  const history = new History();
  history.explain(2, 'release 1.4');
  history.onNotice({ notice: 'rolled-back', generation: 2, reason: 'errors', kept: 1 }, 10);
  history.explain(2, 'release 1.4');
  assert.equal(history.lastReload?.reason, 'errors');
});
