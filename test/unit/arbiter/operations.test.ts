import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Progress } from '../../../src/arbiter/event.ts';
import { Driver, logged, notices, policy } from './driver.ts';

const resultOf = (driver: Driver, op: number) => {
  const outcome = driver.operations.get(op);
  return outcome?.ok ? outcome.result : outcome;
};

const progressOf = (driver: Driver, op: number): Progress[] =>
  driver.effects.flatMap((effect) => {
    if (effect.do !== 'progress' || effect.op !== op) return [];
    const { do: _, ...progress } = effect;
    return [progress];
  });

const changesOf = (driver: Driver, op: number): string[] =>
  progressOf(driver, op).flatMap(({ change }) =>
    change ? [`${change.slot}:${change.generation} ${change.outcome}`] : [],
  );

/** Answers of reload, whose settings and sockets are good or not. */
function reload(driver: Driver, plan = {}): number {
  const op = driver.operate({ command: 'reload', ...plan });
  const [generation = 0] = driver.preparing;
  driver.preparing.delete(generation);
  driver.push({ type: 'prepared', generation, policy: policy({ workers: driver.state.target }) });
  return op;
}

test('an operation says that it has begun before anything else is done', () => {
  const driver = new Driver().boot();
  const before = driver.effects.length;
  const op = driver.operate({ command: 'scale', by: 1 });
  assert.deepEqual(driver.effects[before], {
    do: 'progress',
    op,
    phase: 'started',
    text: 'scale has begun',
    change: null,
    steps: null,
  });
});

test('what is done at once is answered at once', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'reopen' });
  assert.deepEqual(resultOf(driver, op), {});
  assert.deepEqual(progressOf(driver, op), []);
});

test('scale answers with from and to when the new workers serve', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'scale', by: 2 });
  driver.ready(3);
  assert.equal(driver.outcome(op), undefined);
  driver.ready(4);
  assert.deepEqual(resultOf(driver, op), { from: 2, to: 4, changed: true });
  assert.deepEqual(changesOf(driver, op), ['2:1 ready', '3:1 ready']);
  assert.deepEqual(
    progressOf(driver, op).map(({ steps }) => steps),
    [null, { done: 3, total: 4 }, { done: 4, total: 4 }],
  );
});

test('scale to what is there already changes nothing and says so', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'resize', to: 2 });
  assert.deepEqual(resultOf(driver, op), { from: 2, to: 2, changed: false });
  assert.deepEqual(notices(driver.effects).includes('scaled'), false);
});

test('scale down answers when the surplus has left', () => {
  const driver = new Driver({ workers: 4 }).boot();
  const op = driver.operate({ command: 'resize', to: 2 });
  const [first, second] = driver.leaving();
  driver.exit(first?.id ?? 0);
  assert.equal(driver.outcome(op), undefined);
  driver.exit(second?.id ?? 0);
  assert.deepEqual(resultOf(driver, op), { from: 4, to: 2, changed: true });
  assert.deepEqual(changesOf(driver, op), ['2:1 left', '3:1 left']);
});

test('scale up whose worker cannot boot goes back to what was, all of it', () => {
  const driver = new Driver({ timeoutMs: 0 }).boot();
  const op = driver.operate({ command: 'resize', to: 5 });
  driver.ready(3);
  driver.failBoot(4);
  const outcome = driver.operations.get(op);
  assert.deepEqual(outcome, {
    ok: false,
    why: 'failed',
    message: 'worker 3 of generation 1: no luck',
  });
  assert.equal(driver.state.target, 2);
  assert.match(logged(driver.effects), /Number of workers: 2 -> 5.*Number of workers: 5 -> 2/s);
  driver.settle();
  driver.pass(60_000);
  assert.equal(driver.picture(), '0:1 1:1');
});

test('scale up whose worker is never ready goes back as well', () => {
  const driver = new Driver({ workers: 1, bootMs: 1000, timeoutMs: 0 }).boot();
  const op = driver.operate({ command: 'scale', by: 1 });
  driver.pass(1000);
  driver.settle();
  assert.equal(driver.outcome(op), 'failed');
  assert.equal(driver.picture(), '0:1');
});

test('a worker that crashes while others are added is no failure of the scale', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'scale', by: 1 });
  driver.crash(1);
  driver.failBoot(4);
  assert.equal(driver.outcome(op), undefined);
  driver.ready(3);
  assert.equal(driver.outcome(op), 'ok');
});

test('a scale that somebody undoes before it is done says that it was overtaken', () => {
  const driver = new Driver().boot();
  const up = driver.operate({ command: 'resize', to: 4 });
  const down = driver.operate({ command: 'resize', to: 3 });
  assert.match(JSON.stringify(driver.operations.get(up)), /overtaken: 3 workers are wanted now/);
  driver.settle();
  assert.deepEqual(resultOf(driver, down), { from: 4, to: 3, changed: true });
});

test('scales in the same direction do not disturb each other', () => {
  const driver = new Driver().boot();
  const first = driver.operate({ command: 'scale', by: 1 });
  const second = driver.operate({ command: 'scale', by: 1 });
  driver.settle();
  assert.deepEqual(resultOf(driver, first), { from: 2, to: 3, changed: true });
  assert.deepEqual(resultOf(driver, second), { from: 3, to: 4, changed: true });
});

test('a scale that fails undoes nothing that somebody has scaled since', () => {
  const driver = new Driver().boot();
  const first = driver.operate({ command: 'scale', by: 1 });
  const second = driver.operate({ command: 'scale', by: 1 });
  driver.failBoot(3);
  assert.equal(driver.outcome(first), 'failed');
  driver.settle();
  assert.equal(driver.outcome(second), 'ok');
  assert.equal(driver.state.target, 4);
});

test('a scale never goes below one worker by -N, and to none by 0', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const less = driver.operate({ command: 'scale', by: -9 });
  driver.settle();
  assert.deepEqual(resultOf(driver, less), { from: 3, to: 1, changed: true });
  const none = driver.operate({ command: 'resize', to: 0 });
  driver.settle();
  assert.deepEqual(resultOf(driver, none), { from: 1, to: 0, changed: true });
  assert.deepEqual(driver.children(), []);
});

test('reload answers when the last old worker has left', () => {
  const driver = new Driver().boot();
  const op = reload(driver);
  driver.readyAll();
  assert.equal(driver.outcome(op), undefined);
  driver.leaveAll();
  assert.deepEqual(resultOf(driver, op), {
    outcome: 'done',
    generation: 2,
    confirmWithinMs: null,
  });
  assert.deepEqual(changesOf(driver, op), ['0:2 ready', '1:2 ready', '0:1 left', '1:1 left']);
  assert.deepEqual(
    progressOf(driver, op).flatMap(({ phase, change }) => (change ? [] : [phase])),
    ['started', 'rolling', 'retiring'],
  );
});

test('a reload whose settings or sockets are bad fails with the reason, and nothing has happened', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'reload' });
  driver.push({ type: 'prepare-failed', generation: 2, reason: 'workers: expected a number' });
  assert.deepEqual(driver.operations.get(op), {
    ok: false,
    why: 'failed',
    message: 'Reload failed, generation 1 serves on: workers: expected a number',
  });
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a reload whose worker cannot boot fails with its words, and the old workers grow back', () => {
  const driver = new Driver().boot();
  const op = reload(driver);
  driver.ready(3);
  const [second] = driver.booting();
  driver.push({
    type: 'failed',
    child: second?.id ?? 0,
    failure: { kind: 'app', message: 'boom', stack: 'Error: boom\n    at app.js:1' },
  });
  driver.crash(second?.id ?? 0);
  const outcome = driver.operations.get(op);
  assert.ok(outcome && !outcome.ok);
  assert.match(outcome.message, /generation 1 serves on: worker 1 of generation 2: Error: boom\n/);
  assert.ok(changesOf(driver, op).includes('1:2 failed'));
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('if-generation lets a reload begin only when that one serves', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'reload', ifGeneration: 7 });
  assert.deepEqual(driver.operations.get(op), {
    ok: false,
    why: 'conflict',
    message: 'Cannot reload: generation 1 serves, not 7',
  });
  driver.operate({ command: 'reload', ifGeneration: 1 });
  assert.deepEqual([...driver.preparing], [2]);
});

test('abort of a reload that still reads its settings is done at once', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'reload' });
  const abort = driver.operate({ command: 'abort' });
  assert.deepEqual(resultOf(driver, abort), { aborted: op, method: 'reload' });
  assert.match(JSON.stringify(driver.operations.get(op)), /aborted by the operator/);
  driver.push({ type: 'prepared', generation: 2, policy: policy() });
  driver.preparing.clear();
  assert.equal(driver.state.mode.kind, 'serving');
  assert.deepEqual([...driver.state.generations.keys()], [1]);
});

test('abort of a reload that a signal has started tells no id', () => {
  const driver = new Driver().boot();
  driver.reload();
  const abort = driver.operate({ command: 'abort' });
  driver.settle();
  assert.deepEqual(resultOf(driver, abort), { aborted: 0, method: 'reload' });
});

test('abort answers when the old workers are back and the new ones gone', () => {
  const driver = new Driver().boot();
  reload(driver);
  driver.ready(3);
  const abort = driver.operate({ command: 'abort' });
  driver.leaveAll();
  assert.equal(driver.outcome(abort), undefined, 'slot 0 boots again');
  driver.readyAll();
  driver.leaveAll();
  assert.equal(driver.outcome(abort), 'ok');
  assert.equal(driver.picture(), '0:1 1:1');
});

test('abort whose old worker cannot boot again says so', () => {
  const driver = new Driver().boot();
  reload(driver);
  driver.ready(3);
  const abort = driver.operate({ command: 'abort' });
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  assert.match(JSON.stringify(driver.operations.get(abort)), /worker 0 of generation 1: no luck/);
});

test('abort of two reloads at once waits for the workers of the first', () => {
  const driver = new Driver().boot();
  reload(driver);
  driver.ready(3);
  driver.command({ command: 'reload' });
  const abort = driver.operate({ command: 'abort' });
  driver.preparing.clear();
  driver.readyAll();
  assert.ok(driver.leaving().some(({ generation }) => generation === 2));
  assert.equal(driver.outcome(abort), undefined);
  driver.settle();
  assert.equal(driver.outcome(abort), 'ok');
});

test('abort of an upgrade ends the new program, and both are told', () => {
  const driver = new Driver().boot();
  const upgrade = driver.operate({ command: 'upgrade' });
  const before = driver.effects.length;
  const abort = driver.operate({ command: 'abort', reason: 'wrong version' });
  assert.ok(driver.effects.slice(before).some((effect) => effect.do === 'cancel-upgrade'));
  assert.deepEqual(resultOf(driver, abort), { aborted: upgrade, method: 'upgrade' });
  assert.deepEqual(driver.operations.get(upgrade), {
    ok: false,
    why: 'failed',
    message: 'Upgrade failed, the old program serves on: wrong version',
  });
  assert.equal(driver.state.mode.kind, 'serving');
});

test('upgrade answers with the new pid before this program leaves', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'upgrade' });
  const effects = driver.push({ type: 'upgrade-ready', pid: 4242 });
  assert.deepEqual(resultOf(driver, op), { to: 4242 });
  const order = effects.map((effect) => effect.do);
  assert.ok(order.indexOf('answer') < order.indexOf('hand-over'));
});

test('an upgrade that fails, or takes too long, says why', () => {
  const failed = new Driver().boot();
  const op = failed.operate({ command: 'upgrade' });
  failed.push({ type: 'upgrade-failed', reason: 'exited with code 4' });
  assert.match(JSON.stringify(failed.operations.get(op)), /serves on: exited with code 4/);
  const slow = new Driver({ bootMs: 1000, timeoutMs: 0 }).boot();
  const other = slow.operate({ command: 'upgrade' });
  slow.pass(10_999);
  assert.equal(slow.outcome(other), undefined);
  slow.pass(1);
  assert.match(JSON.stringify(slow.operations.get(other)), /was not ready in time/);
});

test('stop answers when everybody has left, and names what else was under way', () => {
  const driver = new Driver().boot();
  const scale = driver.operate({ command: 'scale', by: 1 });
  const stop = driver.operate({ command: 'stop', how: 'graceful' });
  assert.match(JSON.stringify(driver.operations.get(scale)), /The instance was stopped/);
  assert.equal(driver.outcome(stop), undefined);
  driver.settle();
  assert.deepEqual(resultOf(driver, stop), { how: 'graceful' });
  assert.deepEqual(changesOf(driver, stop).toSorted(), ['0:1 left', '1:1 left', '2:1 left']);
});

test('a quick stop hastens a graceful one, and both are answered', () => {
  const driver = new Driver().boot();
  const graceful = driver.operate({ command: 'stop', how: 'graceful' });
  const quick = driver.operate({ command: 'stop', how: 'quick' });
  assert.ok(driver.effects.some((effect) => effect.do === 'quit'));
  driver.settle();
  assert.deepEqual(
    [resultOf(driver, graceful), resultOf(driver, quick)],
    [{ how: 'quick' }, { how: 'quick' }],
  );
});

test('a stop of an instance without workers is over at once', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'quiet' });
  driver.settle();
  const op = driver.operate({ command: 'stop', how: 'graceful' });
  assert.deepEqual(resultOf(driver, op), { how: 'graceful' });
});

test('nothing is told to those whose operation does not concern a worker', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const drain = driver.operate({ command: 'drain', slot: 2 });
  driver.crash(1);
  driver.settle();
  assert.deepEqual(changesOf(driver, drain), ['2:1 parked']);
});
