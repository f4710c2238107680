import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../../../src/arbiter/state.ts';
import { Driver, kinds, logged, notices } from './driver.ts';

const front = { gateways: 1, edge: 'one' } as const;

const boot = (change: Partial<Policy> = {}): Driver => new Driver({ ...front, ...change }).boot();

/** `gateway 0:1 ready` for each child, by role, slot and generation. */
const people = (driver: Driver): string[] =>
  driver
    .children()
    .map(({ role, slot, generation, worker }) => `${role} ${slot}:${generation} ${worker.phase}`)
    .toSorted();

const only = (driver: Driver): number => {
  const [gateway] = driver.gateways();
  assert.ok(gateway);
  return gateway.id;
};

test('a Python instance has its gateways as well, and starts when all serve', () => {
  const driver = new Driver({ ...front, gateways: 2 });
  const spawned = driver.push({ type: 'start' });
  assert.deepEqual(kinds(spawned), ['spawn', 'spawn', 'spawn', 'spawn']);
  for (const { id } of driver.booting().filter(({ role }) => role === 'worker')) driver.ready(id);
  assert.equal(driver.state.mode.kind, 'starting', 'nobody takes connections yet');
  driver.readyAll();
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a gateway that cannot boot ends the first start with exit code 3', () => {
  const driver = new Driver(front);
  driver.push({ type: 'start' });
  driver.failBoot(only(driver), 'boot');
  driver.settle();
  const exit = driver.effects.find((effect) => effect.do === 'exit');
  assert.equal(exit?.code, 3);
});

test('an app that cannot be loaded ends it with exit code 4, though the gateway serves', () => {
  const driver = new Driver({ ...front, workers: 1 });
  driver.push({ type: 'start' });
  driver.ready(only(driver));
  const [worker] = driver.booting();
  driver.failBoot(worker?.id ?? 0, 'app');
  driver.settle();
  const exit = driver.effects.find((effect) => effect.do === 'exit');
  assert.equal(exit?.code, 4);
});

test('a gateway that crashes is started again at once, and its workers stay', () => {
  const driver = boot();
  const before = driver.picture();
  const effects = driver.crash(only(driver));
  assert.deepEqual(kinds(effects), ['spawn']);
  assert.ok(notices(effects).includes('gateway-exited'));
  driver.readyAll();
  assert.equal(driver.picture(), before);
  driver.crash(only(driver));
  assert.deepEqual(driver.booting(), [], 'the second time it waits');
  assert.deepEqual(kinds(driver.pass(500)), ['spawn']);
});

test('the failures of a gateway are not those of the worker in the slot of the same number', () => {
  const driver = boot({ workers: 1 });
  driver.crash(only(driver));
  const [worker] = driver.serving();
  assert.deepEqual(kinds(driver.crash(worker?.id ?? 0)), ['spawn'], 'at once');
});

test('age, memory and requests are for workers', () => {
  const driver = boot({ maxAgeMs: 5000, maxMemory: 100, workers: 1 });
  driver.beat(only(driver), { rssBytes: 1000, requests: 10_000 });
  assert.equal(driver.gateways()[0]?.recycle, null);
  driver.pass(5000);
  assert.equal(driver.gateways()[0]?.recycle, null);
  assert.equal(driver.children().filter(({ recycle }) => recycle !== null).length, 1);
});

test('a reload that leaves the edge as it is leaves the gateway where it is', () => {
  const driver = boot();
  const gateway = only(driver);
  driver.reload(front);
  driver.settle();
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:2 1:2');
  assert.equal(only(driver), gateway);
  assert.deepEqual([...driver.state.generations.keys()], [2], 'the first one is given back');
});

test('a gateway that crashes during a reload that fails belongs to the generation that stays', () => {
  const driver = boot();
  driver.reload(front);
  driver.crash(only(driver));
  driver.ready(only(driver));
  const bad = driver.booting()[0];
  driver.failBoot(bad?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
  assert.deepEqual([...driver.state.generations.keys()], [1]);
});

test('a stop asks the gateways first, and the workers when they are gone', () => {
  const driver = boot();
  const gateway = only(driver);
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(people(driver), [
    'gateway 0:1 draining',
    'worker 0:1 ready',
    'worker 1:1 ready',
  ]);
  driver.now += 29_500;
  const effects = driver.exit(gateway);
  const graces = effects.flatMap((effect) => (effect.do === 'drain' ? [effect.graceMs] : []));
  assert.deepEqual(graces, [1000, 1000], 'not the whole time again');
  driver.settle();
  assert.equal(driver.effects.filter((effect) => effect.do === 'exit').length, 1);
});

test('a stop waits for a worker that boots, because a gateway may wait for it too', () => {
  const driver = boot({ workers: 1 });
  driver.crash(driver.serving().find(({ role }) => role === 'worker')?.id ?? 0);
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(people(driver), ['gateway 0:1 draining', 'worker 0:1 booting']);
});

test('a quick stop asks everybody at once', () => {
  const driver = boot();
  const effects = driver.command({ command: 'stop', how: 'quick' });
  assert.equal(effects.filter((effect) => effect.do === 'quit').length, 3);
});

test('without workers nobody takes connections, and with them somebody does again', () => {
  const driver = boot();
  driver.command({ command: 'quiet' });
  assert.deepEqual(people(driver), [
    'gateway 0:1 draining',
    'worker 0:1 ready',
    'worker 1:1 ready',
  ]);
  driver.settle();
  assert.deepEqual(people(driver), []);
  driver.command({ command: 'scale', by: 1 });
  driver.settle();
  assert.deepEqual(people(driver), ['gateway 0:1 ready', 'worker 0:1 ready']);
});

test('a gateway whose workers are scaled away goes before them, and comes back with them', () => {
  const driver = boot({ gateways: 2, workers: 3 });
  driver.command({ command: 'resize', to: 1 });
  assert.deepEqual(people(driver), [
    'gateway 0:1 ready',
    'gateway 1:1 draining',
    'worker 0:1 ready',
    'worker 1:1 ready',
    'worker 2:1 draining',
  ]);
  driver.settle();
  assert.deepEqual(people(driver), ['gateway 0:1 ready', 'worker 0:1 ready']);
  driver.command({ command: 'resize', to: 2 });
  driver.settle();
  assert.equal(people(driver).length, 4);
});

test('operators mean workers by their slots', () => {
  const driver = boot({ workers: 2 });
  const gateway = only(driver);
  const recycle = driver.operate({ command: 'recycle', slot: null });
  driver.settle();
  assert.equal(driver.outcome(recycle), 'ok');
  assert.equal(only(driver), gateway);
  const kill = driver.operate({ command: 'kill', slot: 0, signal: 'SIGKILL' });
  driver.settle();
  assert.equal(driver.outcome(kill), 'ok');
  assert.equal(only(driver), gateway);
});

test('a drain of the only worker in rotation is refused, gateway or not', () => {
  const driver = boot({ workers: 1 });
  const op = driver.operate({ command: 'drain', slot: 0 });
  assert.equal(driver.outcome(op), 'conflict');
});

test('a gateway that was told to leave goes when its successor is there', () => {
  const driver = boot();
  const gateway = only(driver);
  driver.push({ type: 'leaving', child: gateway, why: 'was sent SIGTERM' });
  assert.deepEqual(people(driver).slice(0, 2), ['gateway 0:1 booting', 'gateway 0:1 ready']);
  driver.settle();
  assert.notEqual(only(driver), gateway);
});

for (const { kind, phase } of [
  { kind: 'sync', phase: 'dumping' },
  { kind: 'gthread', phase: 'ready' },
])
  test(`a request that is overdue in a ${kind} worker: ${phase}`, () => {
    const driver = new Driver({ ...front, workers: 1 });
    driver.push({ type: 'start' });
    driver.ready(only(driver));
    const [worker] = driver.booting();
    const id = worker?.id ?? 0;
    driver.push({ type: 'spawned', child: id, pid: 7, requestLimit: 0 });
    driver.push({ type: 'ready', child: id, kind });
    const effects = driver.push({ type: 'overdue', child: id, request: 'GET /x for 9 ms' });
    assert.match(logged(effects), /WORKER TIMEOUT \(pid:7\): GET \/x for 9 ms, longer than/);
    assert.equal(driver.state.children.get(id)?.worker.phase, phase);
    driver.settle();
    assert.equal(driver.state.children.has(id), false);
    assert.equal(driver.picture(), '0:1');
    assert.equal(driver.state.failures.size, 0, 'it is no failure of the slot');
  });

test('a worker that breaks the protocol of the link is replaced', () => {
  const driver = boot({ workers: 1 });
  const [worker] = driver.serving().filter(({ role }) => role === 'worker');
  const id = worker?.id ?? 0;
  const effects = driver.push({ type: 'broken', child: id, why: 'no frame begins so' });
  assert.match(logged(effects), /is replaced: no frame begins so/);
  driver.settle();
  assert.equal(driver.picture(), '0:1');
});
