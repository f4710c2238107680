import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Dispatcher, type WaitingCaller } from '../../../src/gateway/dispatcher.ts';
import type { PoolWorker } from '../../../src/gateway/pool-worker.ts';

/** As much of a worker as a dispatcher looks at. */
class Worker {
  readonly slot: number;
  readonly has: string[] = [];
  capacity: number;

  constructor(slot: number, capacity: number) {
    this.slot = slot;
    this.capacity = capacity;
  }

  get load(): number {
    return this.has.length;
  }

  get room(): number {
    return Math.max(0, this.capacity - this.has.length);
  }

  take({ path }: WaitingCaller): void {
    this.has.push(path);
  }
}

let turnedAway: string[] = [];

const caller = (path: string) =>
  ({
    path,
    place: -1,
    since: 0,
    turnAway: (why: string) => turnedAway.push(`${path}: ${why}`),
  }) as unknown as WaitingCaller;

function setUp(t: TestContext, capacities: number[], options = { limit: 3, timeoutMs: 1000 }) {
  turnedAway = [];
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 5000;
  const dispatcher = new Dispatcher({ ...options, now: () => now });
  const workers = capacities.map((capacity, slot) => new Worker(slot, capacity));
  for (const worker of workers) dispatcher.add(worker as unknown as PoolWorker);
  const pass = (ms: number) => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  return { dispatcher, workers, pass };
}

const submit = (dispatcher: Dispatcher, ...paths: string[]): WaitingCaller[] =>
  paths.map((path) => {
    const made = caller(path);
    dispatcher.submit(made);
    return made;
  });

test('the least busy worker is next, and of several the one with the lowest slot', (t) => {
  const { dispatcher, workers } = setUp(t, [2, 2, 2]);
  submit(dispatcher, 'a', 'b', 'c', 'd');
  assert.deepEqual(
    workers.map(({ has }) => has),
    [['a', 'd'], ['b'], ['c']],
  );
});

test('who waits is served in order, and who comes later does not pass by', (t) => {
  const { dispatcher, workers } = setUp(t, [1]);
  submit(dispatcher, 'a', 'b');
  const [worker] = workers;
  assert.ok(worker);
  worker.has.length = 0; // room, and nobody has said so yet
  submit(dispatcher, 'c');
  assert.deepEqual(worker.has, []);
  dispatcher.serve();
  assert.deepEqual([worker.has, dispatcher.queued], [['b'], 1]);
});

test('a request that was given back is the first again, and keeps its time', (t) => {
  const { dispatcher, workers, pass } = setUp(t, [1]);
  const [given] = submit(dispatcher, 'a', 'b');
  const [worker] = workers;
  assert.ok(given && worker);
  worker.capacity = 0;
  pass(500);
  dispatcher.resubmit(given);
  assert.deepEqual(
    [...dispatcher.waiting()].map(({ path }) => path),
    ['a', 'b'],
  );
  pass(400);
  assert.deepEqual(turnedAway, []);
  pass(100);
  assert.deepEqual(turnedAway, ['a: no worker was free in time', 'b: no worker was free in time']);
  assert.equal(dispatcher.refused, 2);
});

test('a full queue turns away, and who has withdrawn takes no place', (t) => {
  const { dispatcher } = setUp(t, []);
  const [first] = submit(dispatcher, 'a', 'b', 'c', 'd');
  assert.deepEqual(turnedAway, ['d: the queue is full']);
  if (first) dispatcher.withdraw(first);
  submit(dispatcher, 'e');
  assert.equal(turnedAway.length, 1);
  assert.equal(dispatcher.queued, 3);
});
