import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addSample,
  columnsOf,
  emptyHistory,
  type History,
  sampleOf,
} from '../../../../ctl/top/history.ts';
import { renderSparkline } from '../../../../ctl/top/sparkline.ts';
import { sampleStatus } from '../../../helpers/sample-views.ts';

const historyOf = (...rates: (number | null)[]): History =>
  rates.reduce<History>(
    (history, rate) => addSample(history, { rate, p99: null, queue: null }),
    emptyHistory,
  );

test('columnsOf() shows the highest value of three seconds', () => {
  assert.deepEqual(columnsOf(historyOf(1, 5, 2, 7), 'rate', 10), [5, 7]);
  assert.deepEqual(columnsOf(historyOf(), 'rate', 10), []);
});

test('columnsOf() keeps the same seconds in a column while time goes on', () => {
  const many = Array.from({ length: 3000 }, (_, index) => index);
  assert.deepEqual(columnsOf(historyOf(...many), 'rate', 3), [2993, 2996, 2999]);
  assert.deepEqual(columnsOf(historyOf(...many, 0), 'rate', 3), [2996, 2999, 0]);
  assert.deepEqual(columnsOf(historyOf(...many, 0, 9), 'rate', 3), [2996, 2999, 9]);
});

test('columnsOf() leaves gaps where nothing is known', () => {
  const gap = historyOf(1, 1, 1, null, null, null, 0, 2, 0);
  assert.deepEqual(columnsOf(gap, 'rate', 10), [1, null, 2]);
  assert.deepEqual(columnsOf(addSample(historyOf(1, 2, 3)), 'rate', 10), [3, null]);
});

test('sampleOf() adds the queues of all listeners that can tell', () => {
  const listener = { address: 'a', url: 'b', backlog: 1, shared: true };
  const queues = (...queued: (number | null)[]) =>
    sampleOf(sampleStatus({ listeners: queued.map((one) => ({ ...listener, queued: one })) }))
      .queue;
  assert.equal(queues(2, null, 3), 5);
  assert.equal(queues(null), null);
  assert.equal(queues(), null);
});

test('renderSparkline() tells nothing, little and unknown apart', () => {
  assert.equal(renderSparkline([0, 1, 50, 100, null], 100, true), '▁▂▅█ ');
  assert.equal(renderSparkline([0, 1, 50, 100, null], 100, false), '_.=# ');
  assert.equal(renderSparkline([0, 0], 0, true), '▁▁');
  assert.equal(renderSparkline([-5, 500], 100, true), '▁█');
});
