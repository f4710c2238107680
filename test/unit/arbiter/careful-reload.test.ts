import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Policy, type ReloadPlan, rollOf } from '../../../src/arbiter/state.ts';
import { Driver, notices, policy } from './driver.ts';

const stabilizeMs = 5000;

const stageOf = (driver: Driver) => rollOf(driver.state)?.stage.kind;

/** Slot and generation of those that boot. */
const booting = (driver: Driver) =>
  driver.booting().map(({ slot, generation }) => `${slot}:${generation}`);

const bootingIn = (driver: Driver, slot: number): number =>
  driver.booting().find((child) => child.slot === slot)?.id ?? 0;

const servingIn = (driver: Driver, slot: number, generation: number): number =>
  driver.serving().find((child) => child.slot === slot && child.generation === generation)?.id ?? 0;

/** A reload as an operation, prepared; gives its number. */
function reload(driver: Driver, change: Partial<Policy> = {}, plan: Partial<ReloadPlan> = {}) {
  const op = driver.operate({ command: 'reload', canaryMs: stabilizeMs, ...plan });
  const [generation = 0] = driver.preparing;
  driver.preparing.delete(generation);
  driver.push({ type: 'prepared', generation, policy: policy(change) });
  return op;
}

/** Three workers, and a canary beside the first of them that serves already. */
function withCanary(change: Partial<Policy> = {}) {
  const driver = new Driver({ workers: 3 }).boot();
  const op = reload(driver, { workers: 3, ...change });
  driver.ready(bootingIn(driver, 0));
  return { driver, op };
}

test('one canary boots in slot 0, and nobody leaves or boots until it has lived long enough', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const op = reload(driver, { workers: 3, surge: 3 });
  assert.deepEqual(booting(driver), ['0:2']);
  driver.pass(20_000);
  for (const { id } of driver.serving()) driver.beat(id);
  driver.ready(bootingIn(driver, 0));
  assert.equal(driver.picture(), '0:1 0:2 1:1 2:1');
  driver.pass(stabilizeMs - 1);
  assert.equal(stageOf(driver), 'canary');
  assert.deepEqual([driver.leaving(), driver.booting()], [[], []]);
  driver.pass(1);
  assert.equal(stageOf(driver), 'rolling');
  assert.deepEqual(
    driver.leaving().map(({ slot }) => slot),
    [0],
  );
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2');
  assert.equal(driver.outcome(op), 'ok');
});

test('the canary of the settings is one without being asked for, for as long as they say', () => {
  const driver = new Driver().boot();
  reload(driver, { canaryMs: 700 }, { canaryMs: null });
  driver.ready(bootingIn(driver, 0));
  driver.pass(699);
  assert.equal(stageOf(driver), 'canary');
  driver.pass(1);
  assert.equal(stageOf(driver), 'rolling');
});

test('a canary that has to live no time at all still has to become ready first', () => {
  const driver = new Driver().boot();
  reload(driver, {}, { canaryMs: 0 });
  assert.deepEqual(booting(driver), ['0:2']);
  assert.deepEqual(driver.leaving(), []);
  driver.settle();
  driver.pass(1);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

for (const [how, end] of Object.entries({
  crashes: (driver: Driver, canary: number) => driver.crash(canary),
  'is killed for memory': (driver: Driver, canary: number) =>
    driver.exit(canary, { code: null, signal: 'SIGKILL', oom: true }),
  'ends by itself with code 0': (driver: Driver, canary: number) => driver.exit(canary),
})) {
  test(`a canary that ${how} takes the reload with it, and the old workers have never moved`, () => {
    const { driver, op } = withCanary();
    const before = driver.serving().filter(({ generation }) => generation === 1);
    driver.pass(stabilizeMs - 1);
    end(driver, servingIn(driver, 0, 2));
    assert.equal(driver.outcome(op), 'failed');
    assert.equal(driver.state.mode.kind, 'serving');
    assert.equal(driver.picture(), '0:1 1:1 2:1');
    assert.deepEqual(
      driver.serving().map(({ id }) => id),
      before.map(({ id }) => id),
    );
    assert.deepEqual([driver.booting(), driver.leaving()], [[], []]);
  });
}

test('a canary that hangs takes the reload with it', () => {
  const { driver, op } = withCanary({ timeoutMs: 1000 });
  driver.pass(1000);
  driver.push({ type: 'dumped', child: servingIn(driver, 0, 2), stack: 'at loop' });
  for (const { id } of driver.leaving())
    driver.push({ type: 'dumped', child: id, stack: 'at loop' });
  driver.leaveAll();
  assert.equal(driver.outcome(op), 'failed');
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('a canary that never becomes ready takes the reload with it', () => {
  const driver = new Driver({ workers: 3, timeoutMs: 0 }).boot();
  const op = reload(driver, { workers: 3, bootMs: 2000, timeoutMs: 0 });
  driver.pass(2000);
  assert.equal(driver.outcome(op), undefined);
  driver.settle();
  assert.equal(driver.outcome(op), 'failed');
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('a canary that cannot boot takes the reload with it, with its words', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const op = reload(driver, { workers: 3 });
  driver.failBoot(bootingIn(driver, 0));
  const outcome = driver.operations.get(op);
  assert.ok(outcome && !outcome.ok);
  assert.equal(
    outcome.message,
    'Reload failed, generation 1 serves on: worker 0 of generation 2: no luck',
  );
});

test('an old worker that dies meanwhile is replaced by its own generation', () => {
  const { driver, op } = withCanary();
  driver.crash(servingIn(driver, 2, 1));
  assert.deepEqual(booting(driver), ['2:1']);
  driver.settle();
  assert.equal(driver.picture(), '0:1 0:2 1:1 2:1');
  driver.pass(stabilizeMs);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2');
  assert.equal(driver.outcome(op), 'ok');
});

test('an old worker that cannot boot again meanwhile is no fault of the canary', () => {
  const { driver, op } = withCanary();
  driver.crash(servingIn(driver, 2, 1));
  driver.failBoot(bootingIn(driver, 2));
  assert.equal(stageOf(driver), 'canary');
  assert.equal(driver.outcome(op), undefined);
  driver.pass(stabilizeMs);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2');
});

test('the old worker beside the canary is not replaced, and comes back when the canary fails', () => {
  const { driver } = withCanary();
  driver.crash(servingIn(driver, 0, 1));
  assert.deepEqual(booting(driver), []);
  driver.crash(servingIn(driver, 0, 2));
  assert.deepEqual(booting(driver), ['0:1']);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('a worker that is added meanwhile is of the old generation, and of the new one in the end', () => {
  const { driver, op } = withCanary();
  const scaled = driver.operate({ command: 'scale', by: 1 });
  assert.deepEqual(booting(driver), ['3:1']);
  driver.settle();
  assert.equal(driver.outcome(scaled), 'ok');
  driver.pass(stabilizeMs);
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:2 1:2 2:2 3:2');
});

test('a worker that is added meanwhile stays when the canary fails', () => {
  const { driver } = withCanary();
  driver.operate({ command: 'resize', to: 4 });
  driver.settle();
  driver.crash(servingIn(driver, 0, 2));
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1 3:1');
});

test('a worker that is added meanwhile and cannot boot is not tried again by the rest of the reload', () => {
  const { driver, op } = withCanary();
  const scaled = driver.operate({ command: 'scale', by: 1 });
  driver.failBoot(bootingIn(driver, 3));
  assert.equal(driver.outcome(scaled), 'failed');
  driver.pass(stabilizeMs);
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:2 1:2 2:2');
});

test('a scale down meanwhile is done when the reload is', () => {
  const { driver, op } = withCanary();
  const scaled = driver.operate({ command: 'resize', to: 2 });
  driver.pass(stabilizeMs);
  driver.settle();
  assert.deepEqual([driver.outcome(op), driver.outcome(scaled)], ['ok', 'ok']);
  assert.equal(driver.picture(), '0:2 1:2');
});

test('the other number of workers that the new settings want comes after the canary', () => {
  const { driver } = withCanary({ workers: 5 });
  assert.equal(driver.state.target, 3);
  driver.pass(stabilizeMs);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2 3:2 4:2');
});

test('a canary that is killed or recycled has a successor, which has to live as long', () => {
  for (const command of ['kill', 'recycle'] as const) {
    const { driver, op } = withCanary();
    driver.pass(stabilizeMs - 1000);
    driver.operate({ command, slot: 0, signal: 'SIGKILL' } as never);
    driver.settle();
    driver.pass(stabilizeMs - 1);
    assert.equal(stageOf(driver), 'canary', command);
    driver.pass(1);
    driver.settle();
    assert.equal(driver.outcome(op), 'ok', command);
    assert.equal(driver.picture(), '0:2 1:2 2:2', command);
  }
});

test('HUP while the canary is watched puts a newer generation in its place', () => {
  const { driver, op } = withCanary();
  driver.reload({ workers: 3 });
  assert.equal(driver.outcome(op), 'failed');
  driver.settle();
  assert.equal(driver.picture(), '0:3 1:3 2:3');
  assert.deepEqual(
    notices(driver.effects).filter((name) => name.startsWith('reload-')),
    ['reload-started', 'reload-started', 'reload-failed', 'reload-switched', 'reload-done'],
  );
});

test('abort while the canary is watched ends it alone', () => {
  const { driver, op } = withCanary();
  const abort = driver.operate({ command: 'abort', reason: 'it looks bad' });
  const outcome = driver.operations.get(op);
  assert.ok(outcome && !outcome.ok);
  assert.match(outcome.message, /generation 1 serves on: it looks bad$/);
  assert.equal(driver.outcome(abort), undefined);
  assert.deepEqual(
    driver.leaving().map(({ generation }) => generation),
    [2],
  );
  driver.settle();
  assert.deepEqual(driver.operations.get(abort), {
    ok: true,
    result: { aborted: op, method: 'reload' },
  });
});

test('stop while the canary is watched ends everybody', () => {
  const { driver, op } = withCanary();
  driver.command({ command: 'stop', how: 'graceful' });
  assert.equal(driver.outcome(op), 'failed');
  assert.equal(driver.leaving().length, 4);
  driver.settle();
  assert.ok(driver.effects.some((effect) => effect.do === 'exit'));
});

test('where nobody serves, or nobody is to serve, there is no canary', () => {
  const empty = new Driver().boot();
  empty.command({ command: 'quiet' });
  empty.settle();
  reload(empty, { workers: 2 });
  assert.deepEqual(booting(empty), ['0:2', '1:2']);
  const driver = new Driver().boot();
  const op = reload(driver, { workers: 0 });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.deepEqual(driver.children(), []);
});

test('scaling to none while the canary is watched ends the reload with nobody', () => {
  const { driver, op } = withCanary();
  driver.operate({ command: 'resize', to: 0 });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.deepEqual(driver.children(), []);
});
