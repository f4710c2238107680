import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Policy, rollOf } from '../../../src/arbiter/state.ts';
import { Driver, kinds, notices, policy } from './driver.ts';

const confirmMs = 60_000;

const stageOf = (driver: Driver) => rollOf(driver.state)?.stage.kind;

const ids = (children: readonly { id: number }[]) => children.map(({ id }) => id);

const resultOf = (driver: Driver, op: number) => {
  const outcome = driver.operations.get(op);
  return outcome?.ok ? outcome.result : outcome;
};

function startReload(driver: Driver, change: Partial<Policy> = {}): number {
  const op = driver.operate({ command: 'reload', confirmMs });
  const [generation = 0] = driver.preparing;
  driver.preparing.delete(generation);
  driver.push({ type: 'prepared', generation, policy: policy(change) });
  return op;
}

/** Generation 2 serves and waits; generation 1 is parked. */
function confirming(before: Partial<Policy> = {}, after: Partial<Policy> = before) {
  const driver = new Driver(before).boot();
  const op = startReload(driver, after);
  driver.settle();
  assert.equal(stageOf(driver), 'confirming');
  return { driver, op };
}

test('after the switch the old workers are parked, each when its successor is ready', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const op = startReload(driver, { workers: 3 });
  const pictures = [];
  while (driver.booting().length > 0) {
    driver.ready(driver.booting()[0]?.id ?? 0);
    pictures.push(`${driver.picture()} | ${driver.parked().map(({ slot }) => slot)}`);
  }
  assert.deepEqual(pictures, ['0:2 1:1 2:1 | 0', '0:2 1:2 2:1 | 0,1', '0:2 1:2 2:2 | 0,1,2']);
  assert.deepEqual(resultOf(driver, op), {
    outcome: 'confirming',
    generation: 2,
    previous: 1,
    confirmWithinMs: confirmMs,
  });
  assert.deepEqual(driver.leaving(), []);
});

test('confirm retires the parked generation and answers when it has left', () => {
  const { driver } = confirming();
  const op = driver.operate({ command: 'confirm' });
  assert.equal(driver.outcome(op), undefined);
  assert.deepEqual(
    driver.leaving().map(({ generation, worker }) => [generation, 'why' in worker && worker.why]),
    [
      [1, 'reload'],
      [1, 'reload'],
    ],
  );
  driver.leaveAll();
  assert.deepEqual(resultOf(driver, op), { generation: 2 });
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:2 1:2');
  assert.deepEqual([...driver.state.generations.keys()], [2]);
  assert.ok(notices(driver.effects).includes('reload-done'));
});

test('rollback un-parks first and retires then, in one step, with the same old workers', () => {
  const { driver } = confirming();
  const parked = ids(driver.parked());
  const before = driver.effects.length;
  const op = driver.operate({ command: 'rollback', reason: 'errors' });
  assert.deepEqual(
    kinds(driver.effects.slice(before)).filter((kind) => kind !== 'progress'),
    ['unpark', 'unpark', 'drain', 'drain'],
  );
  assert.deepEqual(ids(driver.serving()), parked);
  assert.equal(driver.picture(), '0:1 1:1');
  assert.equal(driver.outcome(op), undefined, 'the failed generation has still to leave');
  driver.settle();
  assert.deepEqual(resultOf(driver, op), { generation: 1 });
  assert.deepEqual([...driver.state.generations.keys()], [1]);
});

test('a rollback tells which generation was given up, which serves, and why', () => {
  const { driver } = confirming();
  driver.command({ command: 'rollback', reason: 'errors' });
  const notice = driver.effects.find(
    (effect) => effect.do === 'notify' && effect.notice.notice === 'rolled-back',
  );
  assert.deepEqual(notice, {
    do: 'notify',
    notice: { notice: 'rolled-back', generation: 2, reason: 'errors', kept: 1 },
  });
});

test('without confirm in time it rolls back by itself, and not a moment sooner', () => {
  const { driver } = confirming({ timeoutMs: 0 });
  driver.pass(confirmMs - 1);
  assert.equal(stageOf(driver), 'confirming');
  driver.pass(1);
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:1 1:1');
});

test('time in which the arbiter did not run does not count against the confirmation', () => {
  const { driver } = confirming({ timeoutMs: 0 });
  driver.pass(confirmMs - 500);
  driver.sleepThrough(60_000);
  assert.equal(stageOf(driver), 'confirming');
  driver.pass(249);
  assert.equal(stageOf(driver), 'confirming');
  driver.pass(1);
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a parked worker has to beat, and one that does not is taken for hung', () => {
  const { driver } = confirming({ timeoutMs: 3000 });
  for (const { id } of driver.serving()) driver.beat(id);
  const [silent] = driver.parked();
  driver.pass(2999);
  for (const { id } of driver.children()) if (id !== silent?.id) driver.beat(id);
  driver.pass(1);
  assert.deepEqual(ids(driver.leaving()), [silent?.id]);
  assert.equal(stageOf(driver), 'confirming');
});

test('a parked worker that dies is not replaced, and its slot is started anew by a rollback', () => {
  const { driver } = confirming();
  const [dead] = driver.parked();
  driver.crash(dead?.id ?? 0);
  assert.deepEqual(driver.booting(), []);
  const op = driver.operate({ command: 'rollback' });
  const slot = dead?.slot ?? 0;
  assert.deepEqual(
    driver.booting().map((child) => [child.slot, child.generation]),
    [[slot, 1]],
  );
  assert.equal(driver.picture(), slot === 0 ? '0:2 1:1' : '0:1 1:2', 'nobody leaves a gap');
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a rollback whose dead worker cannot boot again says so, and tries on', () => {
  const { driver } = confirming();
  driver.crash(driver.parked()[0]?.id ?? 0);
  const op = driver.operate({ command: 'rollback' });
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  assert.equal(driver.outcome(op), 'failed');
  assert.match(JSON.stringify(driver.operations.get(op)), /worker 0 of generation 1: no luck/);
  driver.settle();
  driver.pass(1000);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a new worker that dies is replaced by its own generation', () => {
  const { driver } = confirming();
  driver.crash(driver.serving()[0]?.id ?? 0);
  assert.deepEqual(
    driver.booting().map(({ generation }) => generation),
    [2],
  );
  driver.settle();
  assert.equal(stageOf(driver), 'confirming');
  assert.equal(driver.picture(), '0:2 1:2');
  assert.equal(driver.parked().length, 2);
});

test('confirm while a new worker keeps failing does not keep the parked ones', () => {
  const { driver } = confirming();
  driver.crash(driver.serving()[0]?.id ?? 0);
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  const op = driver.operate({ command: 'confirm' });
  driver.leaveAll();
  assert.equal(driver.outcome(op), 'ok');
  assert.deepEqual(driver.parked(), []);
});

test('a scale up while confirming adds a new worker, and rolled back an old one takes its slot', () => {
  const { driver } = confirming();
  const op = driver.operate({ command: 'scale', by: 1 });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:2 1:2 2:2');
  const rolled = driver.operate({ command: 'rollback' });
  assert.equal(driver.picture(), '0:1 1:1 2:2');
  driver.settle();
  assert.equal(driver.outcome(rolled), 'ok');
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('a scale up while confirming that cannot boot counts for neither outcome', () => {
  const { driver } = confirming();
  const op = driver.operate({ command: 'scale', by: 1 });
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  assert.equal(driver.outcome(op), 'failed');
  driver.operate({ command: 'rollback' });
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a scale down while confirming is done at once, and holds when it is rolled back', () => {
  const { driver } = confirming({ workers: 3 });
  const op = driver.operate({ command: 'resize', to: 2 });
  assert.deepEqual(
    driver.leaving().map(({ slot, generation }) => `${slot}:${generation}`),
    ['2:2'],
  );
  driver.leaveAll();
  assert.equal(driver.outcome(op), 'ok');
  driver.operate({ command: 'rollback' });
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a reload to fewer workers parks the surplus as well, and brings it back', () => {
  const { driver } = confirming({ workers: 3 }, { workers: 1 });
  assert.equal(driver.picture(), '0:2');
  assert.equal(driver.parked().length, 3);
  driver.operate({ command: 'rollback' });
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('abort while rolling un-parks who was parked already', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const reload = startReload(driver, { workers: 3 });
  driver.ready(driver.booting()[0]?.id ?? 0);
  const parked = ids(driver.parked());
  assert.equal(parked.length, 1);
  const abort = driver.operate({ command: 'abort' });
  assert.equal(driver.outcome(reload), 'failed');
  assert.equal(driver.picture(), '0:1 1:1 2:1');
  assert.ok(parked.every((id) => ids(driver.serving()).includes(id)));
  driver.settle();
  assert.deepEqual(resultOf(driver, abort), { aborted: reload, method: 'reload' });
});

test('a new worker that cannot boot while rolling un-parks who was parked already', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const op = startReload(driver, { workers: 3 });
  driver.ready(driver.booting()[0]?.id ?? 0);
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  assert.equal(driver.outcome(op), 'failed');
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('abort after the switch is refused and names rollback', () => {
  const { driver } = confirming();
  const op = driver.operate({ command: 'abort' });
  assert.deepEqual(driver.operations.get(op), {
    ok: false,
    why: 'conflict',
    message: 'Cannot abort: the new generation serves already; use rollback',
  });
});

test('HUP is refused while a generation waits to be confirmed, and so is an operation', () => {
  const { driver } = confirming();
  const effects = driver.command({ command: 'reload' });
  assert.deepEqual(kinds(effects), []);
  assert.match(JSON.stringify(effects), /Reload refused: generation 2 waits to be confirmed/);
  const op = driver.operate({ command: 'reload' });
  assert.deepEqual(driver.operations.get(op), {
    ok: false,
    why: 'conflict',
    message: 'Cannot reload: generation 2 waits to be confirmed or rolled back',
  });
});

test('a HUP from before the switch does not confirm what nobody has confirmed', () => {
  const driver = new Driver().boot();
  startReload(driver);
  driver.command({ command: 'reload' });
  driver.settle();
  assert.equal(stageOf(driver), 'confirming');
  driver.push({ type: 'prepared', generation: 3, policy: policy() });
  driver.preparing.clear();
  assert.equal(stageOf(driver), 'confirming');
  assert.equal(driver.parked().length, 2);
  const op = driver.operate({ command: 'rollback' });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:1 1:1');
  const ends = notices(driver.effects).filter((name) => /failed|rolled|done/.test(name));
  assert.deepEqual(ends, ['reload-failed', 'rolled-back']);
});

test('stop while confirming ends both generations', () => {
  const { driver } = confirming();
  const op = driver.operate({ command: 'stop', how: 'graceful' });
  assert.equal(driver.leaving().length, 4);
  driver.settle();
  assert.deepEqual(resultOf(driver, op), { how: 'graceful' });
  assert.ok(driver.effects.some((effect) => effect.do === 'exit'));
});

test('a rollback that is asked for while confirm is under way comes too late', () => {
  const { driver } = confirming();
  const confirm = driver.operate({ command: 'confirm' });
  const rollback = driver.operate({ command: 'rollback' });
  assert.equal(driver.outcome(rollback), 'conflict');
  assert.equal(driver.outcome(driver.operate({ command: 'confirm' })), 'conflict');
  driver.settle();
  assert.equal(driver.outcome(confirm), 'ok');
});

test('a stop while a rollback is under way fails it', () => {
  const { driver } = confirming();
  const op = driver.operate({ command: 'rollback' });
  driver.command({ command: 'stop', how: 'quick' });
  assert.equal(driver.outcome(op), 'failed');
});

test('a worker that an operator had drained stays so, whichever generation it ends with', () => {
  for (const end of ['confirm', 'rollback'] as const) {
    const driver = new Driver({ workers: 3 }).boot();
    const slot = 1;
    driver.operate({ command: 'drain', slot });
    driver.settle();
    startReload(driver, { workers: 3 });
    driver.settle();
    assert.equal(driver.picture(), '0:2 1:2 2:2');
    driver.operate({ command: end });
    driver.settle();
    const wanted = end === 'confirm' ? '0:2 1:2 2:2' : '0:1 2:1';
    assert.equal(driver.picture(), wanted, end);
    assert.equal(driver.parked().length, end === 'confirm' ? 0 : 1, end);
  }
});

test('after a rollback a reload can be tried again', () => {
  const { driver } = confirming();
  driver.operate({ command: 'rollback' });
  driver.settle();
  const op = startReload(driver);
  driver.settle();
  driver.operate({ command: 'confirm' });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:3 1:3');
});

test('with a canary and a confirmation both are waited for', () => {
  const driver = new Driver().boot();
  driver.reload({}, { canaryMs: 1000, confirmMs });
  driver.settle();
  assert.equal(stageOf(driver), 'canary');
  assert.equal(driver.picture(), '0:1 0:2 1:1');
  driver.pass(1000);
  driver.settle();
  assert.equal(stageOf(driver), 'confirming');
  assert.equal(driver.parked().length, 2);
});
