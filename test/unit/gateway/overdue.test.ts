import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Deadlines, type Overdue } from '../../../src/gateway/overdue.ts';

function setUp(t: TestContext, timeoutMs: number) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const expired: string[] = [];
  const told: string[] = [];
  const call = (path: string, obeysCancel = false) =>
    ({
      path,
      carrier: { obeysCancel, worker: { child: 7 } },
      expire: () => expired.push(path),
    }) as unknown as Overdue;
  const deadlines = new Deadlines(timeoutMs, ({ path }, child) => told.push(`${path} ${child}`));
  const pass = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  return { deadlines, call, expired, told, pass };
}

test('a request that takes too long is ended, and its worker is told of when only a new one helps', (t) => {
  const { deadlines, call, expired, told, pass } = setUp(t, 500);
  deadlines.add(call('lane'));
  deadlines.add(call('stream', true));
  pass(400);
  deadlines.add(call('later'));
  pass(100);
  assert.deepEqual([expired, told], [['lane', 'stream'], ['lane 7']]);
  pass(400);
  assert.deepEqual(expired, ['lane', 'stream', 'later']);
});

test('one that is over, or is given back, has its time again', (t) => {
  const { deadlines, call, expired, pass } = setUp(t, 500);
  const one = call('one');
  deadlines.add(one);
  pass(400);
  deadlines.delete(one);
  deadlines.add(one);
  pass(400);
  assert.deepEqual(expired, []);
  deadlines.delete(one);
  pass(1000);
  assert.deepEqual(expired, []);
});

test('without a time-out nothing is kept', (t) => {
  const { deadlines, call, expired, pass } = setUp(t, 0);
  deadlines.add(call('one'));
  pass(1e9);
  assert.deepEqual(expired, []);
});
