import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderBy, sortWorkers, turnOrder } from '../../../../ctl/top/sort.ts';
import {
  initialState,
  loseConnection,
  missAnswer,
  select,
  selectedWorker,
  sortBy,
  takeAnswer,
} from '../../../../ctl/top/state.ts';
import { sampleStatus, sampleWorker } from '../../../helpers/sample-views.ts';

const start = initialState('web', 1000);
const slots = (list: readonly { slot: number }[]) => list.map(({ slot }) => slot);

test('sortWorkers() puts what is not known last in both directions', () => {
  const workers = [
    sampleWorker(0, { p99Ms: null }),
    sampleWorker(1, { p99Ms: 5 }),
    sampleWorker(2, { p99Ms: 9 }),
  ];
  assert.deepEqual(slots(sortWorkers(workers, orderBy('p99'))), [2, 1, 0]);
  assert.deepEqual(slots(sortWorkers(workers, { column: 'p99', descending: false })), [1, 2, 0]);
});

test('sortWorkers() sorts numbers as numbers, and equals by slot', () => {
  const workers = [10, 9, 100].map((slot) => sampleWorker(slot));
  assert.deepEqual(slots(sortWorkers(workers, orderBy('slot'))), [9, 10, 100]);
  assert.deepEqual(slots(sortWorkers(workers, orderBy('rate'))), [9, 10, 100]);
});

test('turnOrder() goes around the ends', () => {
  assert.equal(turnOrder(orderBy('slot'), -1).column, 'lag');
  assert.equal(turnOrder(orderBy('lag'), 1).column, 'slot');
});

test('the selection follows its worker when lines move', () => {
  const workers = [sampleWorker(0), sampleWorker(1, { cpuPercent: 90 }), sampleWorker(2)];
  let state = select(takeAnswer(start, sampleStatus(), workers), 1);
  state = sortBy(state, orderBy('cpu'));
  assert.equal(state.selected.index, 0);
  assert.equal(selectedWorker(state)?.slot, 1);
});

test('the selection stays on its line when its worker has gone', () => {
  let state = takeAnswer(
    start,
    sampleStatus(),
    [0, 1, 2].map((slot) => sampleWorker(slot)),
  );
  state = select(state, 1);
  state = takeAnswer(state, sampleStatus(), [
    sampleWorker(0),
    sampleWorker(1, { pid: 9 }),
    sampleWorker(2),
  ]);
  assert.equal(selectedWorker(state)?.pid, 9);
  state = takeAnswer(state, sampleStatus(), [sampleWorker(0)]);
  assert.equal(selectedWorker(state)?.slot, 0);
  state = takeAnswer(state, sampleStatus(), []);
  assert.equal(selectedWorker(state), undefined);
});

test('two workers in one slot are told apart', () => {
  const old = sampleWorker(0, { phase: 'draining', pid: 1 });
  const young = sampleWorker(0, { phase: 'booting', pid: 2, generation: 42 });
  const state = select(takeAnswer(start, sampleStatus(), [young, old]), 1);
  assert.equal(selectedWorker(state)?.pid, 2);
});

test('an answer ends a lost connection, and the gap stays in the history', () => {
  let state = takeAnswer(start, sampleStatus(), []);
  state = loseConnection({ ...state, now: 2000 }, 'gone');
  state = missAnswer(loseConnection({ ...state, now: 3000 }, 'nothing listens there'));
  assert.deepEqual(state.lost, { since: 2000, why: 'nothing listens there' });
  state = takeAnswer(state, sampleStatus(), []);
  assert.equal(state.lost, null);
  assert.deepEqual(
    state.history.samples.map(({ rate }) => rate),
    [321.4, null, 321.4],
  );
});
