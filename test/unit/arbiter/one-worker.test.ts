import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds } from './driver.ts';

const resultOf = (driver: Driver, op: number) => {
  const outcome = driver.operations.get(op);
  return outcome?.ok ? outcome.result : outcome;
};

const messageOf = (driver: Driver, op: number): string => {
  const outcome = driver.operations.get(op);
  return outcome && !outcome.ok ? outcome.message : '';
};

const phaseIn = (driver: Driver, slot: number) =>
  driver.children().find((child) => child.slot === slot)?.worker.phase;

/** Kinds of the effects of one operation, without progress. */
function effectsOf(driver: Driver, act: () => unknown): string[] {
  const before = driver.effects.length;
  act();
  return kinds(driver.effects.slice(before)).filter((kind) => kind !== 'progress');
}

test('recycle replaces one worker, which serves until its successor does', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const op = driver.operate({ command: 'recycle', slot: 1 });
  assert.equal(driver.picture(), '0:1 1:1 2:1');
  assert.deepEqual(
    driver.booting().map(({ slot }) => slot),
    [1],
  );
  driver.readyAll();
  assert.equal(driver.outcome(op), undefined);
  const [old] = driver.leaving();
  assert.equal(old?.id, 2);
  assert.equal(old && 'why' in old.worker && old.worker.why, 'requested');
  driver.leaveAll();
  assert.deepEqual(resultOf(driver, op), {});
});

test('recycle of all replaces every worker, reload_surge at a time', () => {
  const driver = new Driver({ workers: 4, surge: 2 }).boot();
  const op = driver.operate({ command: 'recycle', slot: null });
  while (driver.booting().length > 0) {
    assert.ok(driver.booting().length <= 2);
    assert.equal(driver.serving().length, 4);
    driver.ready(driver.booting()[0]?.id ?? 0);
  }
  driver.leaveAll();
  assert.equal(driver.outcome(op), 'ok');
  assert.deepEqual(
    driver.serving().map(({ id }) => id > 4),
    [true, true, true, true],
  );
});

test('recycle whose successor cannot boot keeps the old worker', () => {
  const driver = new Driver({ timeoutMs: 0 }).boot();
  const op = driver.operate({ command: 'recycle', slot: 1 });
  driver.failBoot(3);
  assert.equal(messageOf(driver, op), 'worker 1 of generation 1: no luck');
  driver.settle();
  driver.pass(60_000);
  assert.deepEqual(
    driver.serving().map(({ id }) => id),
    [1, 2],
  );
  assert.deepEqual(driver.state.failures.size, 0, 'nothing is missing');
});

test('recycle of all whose second successor cannot boot keeps the rest', () => {
  const driver = new Driver({ workers: 3 }).boot();
  const op = driver.operate({ command: 'recycle', slot: null });
  driver.ready(4);
  driver.failBoot(5);
  assert.equal(driver.outcome(op), 'failed');
  driver.settle();
  assert.deepEqual(
    driver.serving().map(({ id }) => id),
    [2, 3, 4],
  );
});

test('recycle of a worker that is being recycled waits for the same end', () => {
  const driver = new Driver().boot();
  const first = driver.operate({ command: 'recycle', slot: 0 });
  const second = driver.operate({ command: 'recycle', slot: 0 });
  assert.equal(driver.outcome(second), undefined);
  assert.equal(driver.booting().length, 1);
  driver.settle();
  assert.deepEqual([driver.outcome(first), driver.outcome(second)], ['ok', 'ok']);
});

test('recycle of a worker that boots or leaves has nothing to replace', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'scale', by: 1 });
  const op = driver.operate({ command: 'recycle', slot: 2 });
  assert.deepEqual(
    [driver.outcome(op), messageOf(driver, op)],
    ['conflict', 'Cannot recycle: the worker is not ready yet'],
  );
  driver.readyAll();
  driver.command({ command: 'scale', by: -1 });
  const late = driver.operate({ command: 'recycle', slot: 2 });
  assert.equal(messageOf(driver, late), 'Cannot recycle: the worker is leaving');
});

test('recycle of a worker that crashes by itself is over when somebody else serves', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'recycle', slot: 0 });
  driver.crash(1);
  assert.equal(driver.outcome(op), undefined);
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
});

test('recycle of a worker that is scaled away meanwhile is over when it is gone', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'recycle', slot: 1 });
  driver.command({ command: 'resize', to: 1 });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:1');
});

test('drain takes a worker out of rotation, and answers when nothing is left to be done', () => {
  const driver = new Driver({ gracefulMs: 7000 }).boot();
  const op = driver.operate({ command: 'drain', slot: 1 });
  assert.deepEqual(
    driver.effects.filter((effect) => effect.do === 'park'),
    [{ do: 'park', child: 2, graceMs: 7000 }],
  );
  assert.equal(driver.outcome(op), undefined);
  driver.push({ type: 'parked', child: 2 });
  assert.deepEqual(resultOf(driver, op), {});
  assert.equal(driver.picture(), '0:1');
  driver.pass(20_000);
  assert.deepEqual([driver.booting(), driver.leaving()], [[], []], 'it is not missed');
});

test('drain again waits with the first, and says afterwards that nothing changed', () => {
  const driver = new Driver().boot();
  const first = driver.operate({ command: 'drain', slot: 1 });
  const second = driver.operate({ command: 'drain', slot: 1 });
  assert.equal(driver.outcome(second), undefined, 'it is not out of rotation yet');
  driver.settle();
  assert.deepEqual([driver.outcome(first), driver.outcome(second)], ['ok', 'ok']);
  const third = driver.operate({ command: 'drain', slot: 1 });
  assert.deepEqual(resultOf(driver, third), {
    workers: [{ slot: 1, pid: 1002, generation: 1, outcome: 'unchanged', detail: null }],
  });
});

test('drain of the only worker in rotation is refused', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'drain', slot: 0 });
  driver.settle();
  const op = driver.operate({ command: 'drain', slot: 1 });
  assert.deepEqual(driver.operations.get(op), {
    ok: false,
    why: 'conflict',
    message: 'Cannot drain: it is the only worker in rotation',
  });
});

test('drain of a worker that is not there, boots or leaves is refused', () => {
  const driver = new Driver().boot();
  const missing = driver.operate({ command: 'drain', slot: 9 });
  assert.deepEqual(
    [driver.outcome(missing), messageOf(driver, missing)],
    ['failed', 'There is no worker in slot 9'],
  );
  driver.command({ command: 'scale', by: 1 });
  const boots = driver.operate({ command: 'drain', slot: 2 });
  assert.equal(messageOf(driver, boots), 'Cannot drain: the worker is not ready yet');
  driver.readyAll();
  driver.command({ command: 'scale', by: -1 });
  const leaves = driver.operate({ command: 'drain', slot: 2 });
  assert.equal(messageOf(driver, leaves), 'Cannot drain: the worker is leaving');
});

test('drain of a worker that a reload has parked is refused', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 1 }, { confirmMs: 60_000 });
  driver.settle();
  const op = driver.operate({ command: 'drain', slot: 1 });
  assert.equal(
    messageOf(driver, op),
    'Cannot drain: the worker is parked until confirm or rollback',
  );
});

test('a worker that dies while it drains fails the drain, and is replaced', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'drain', slot: 1 });
  driver.crash(2);
  assert.match(messageOf(driver, op), /^Worker 1 died: it exited with code 1/);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a drained worker that dies is replaced by one in rotation', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'drain', slot: 1 });
  driver.settle();
  driver.crash(2);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a drained worker is replaced by a reload, and scaled away like any other', () => {
  const driver = new Driver({ workers: 3 }).boot();
  driver.operate({ command: 'drain', slot: 2 });
  driver.settle();
  driver.reload({ workers: 3 });
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2');
  driver.operate({ command: 'drain', slot: 2 });
  driver.settle();
  const op = driver.operate({ command: 'resize', to: 2 });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.children().length, 2);
});

test('undrain puts it back at once, and answers when the worker has heard of it', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'drain', slot: 1 });
  driver.settle();
  const op = driver.operate({ command: 'undrain', slot: 1 });
  assert.equal(driver.picture(), '0:1 1:1');
  assert.equal(driver.outcome(op), undefined);
  driver.push({ type: 'unparked', child: 2 });
  assert.deepEqual(resultOf(driver, op), {});
});

test('undrain of a worker in rotation changes nothing, of a missing one fails', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'undrain', slot: 0 });
  assert.match(JSON.stringify(resultOf(driver, op)), /"outcome":"unchanged"/);
  assert.equal(driver.outcome(driver.operate({ command: 'undrain', slot: 7 })), 'failed');
});

test('undrain overtakes a drain that is under way, and the other way round', () => {
  const driver = new Driver().boot();
  const drain = driver.operate({ command: 'drain', slot: 1 });
  const undrain = driver.operate({ command: 'undrain', slot: 1 });
  assert.match(messageOf(driver, drain), /overtaken/);
  const again = driver.operate({ command: 'drain', slot: 1 });
  assert.match(messageOf(driver, undrain), /overtaken/);
  driver.push({ type: 'unparked', child: 2 });
  driver.push({ type: 'parked', child: 2 });
  assert.equal(driver.outcome(again), 'ok');
  assert.equal(phaseIn(driver, 1), 'parked');
});

test('undrain does not take a parked generation for drained workers', () => {
  const driver = new Driver().boot();
  driver.reload({ workers: 1 }, { confirmMs: 60_000 });
  driver.settle();
  const op = driver.operate({ command: 'undrain', slot: 1 });
  assert.match(JSON.stringify(resultOf(driver, op)), /"outcome":"unchanged"/);
  assert.equal(driver.picture(), '0:2');
});

test('kill ends a worker at once, and answers when it is dead', () => {
  const driver = new Driver().boot();
  const effects = effectsOf(driver, () =>
    driver.operate({ command: 'kill', slot: 1, signal: 'SIGKILL' }),
  );
  assert.deepEqual(effects.slice(0, 1), ['signal']);
  assert.equal(driver.outcome(1), undefined);
  driver.exit(2, { code: null, signal: 'SIGKILL' });
  assert.deepEqual(resultOf(driver, 1), {});
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
  assert.equal(driver.state.failures.size, 0, 'nobody failed');
});

test('kill with TERM lets the worker finish its requests, as a drain does', () => {
  const driver = new Driver().boot();
  const effects = effectsOf(driver, () =>
    driver.operate({ command: 'kill', slot: 1, signal: 'SIGTERM' }),
  );
  assert.deepEqual(effects.slice(0, 2), ['drain', 'signal']);
  driver.exit(2);
  assert.equal(driver.outcome(1), 'ok');
});

for (const signal of ['SIGQUIT', 'SIGINT', 'SIGABRT'] as const) {
  test(`kill with ${signal} sends just that, and KILL when it does not help`, () => {
    const driver = new Driver({ gracefulMs: 4000, timeoutMs: 0 }).boot();
    driver.operate({ command: 'kill', slot: 1, signal });
    const sent = () =>
      driver.effects.flatMap((effect) =>
        effect.do === 'signal' && effect.child === 2 ? [effect.signal] : [],
      );
    assert.deepEqual(sent(), [signal]);
    driver.pass(3999);
    assert.deepEqual(sent(), [signal]);
    driver.pass(1);
    assert.deepEqual(sent(), [signal, 'SIGKILL']);
    driver.exit(2, { code: null, signal: 'SIGKILL' });
    assert.equal(driver.outcome(1), 'ok');
  });
}

test('kill of a worker that boots kills it, whatever the signal, and another one boots', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'scale', by: 1 });
  const op = driver.operate({ command: 'kill', slot: 2, signal: 'SIGTERM' });
  assert.equal(driver.children().find(({ id }) => id === 3)?.worker.phase, 'killed');
  driver.exit(3, { code: null, signal: 'SIGKILL' });
  assert.equal(driver.outcome(op), 'ok');
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('kill of a worker that could not boot and is leaving does not hide why', () => {
  const driver = new Driver().boot();
  driver.reload();
  const [child] = driver.booting();
  const failure = { kind: 'app', message: 'boom' } as const;
  driver.push({ type: 'failed', child: child?.id ?? 0, failure });
  driver.command({ command: 'kill', slot: 0, signal: 'SIGKILL' });
  driver.settle();
  const other = new Driver({ workers: 1 }).boot();
  other.command({ command: 'scale', by: 1 });
  other.push({ type: 'failed', child: 2, failure });
  const op = other.operate({ command: 'kill', slot: 1, signal: 'SIGKILL' });
  other.exit(2, { code: null, signal: 'SIGKILL' });
  assert.equal(other.outcome(op), 'ok');
  const exited = other.effects.find(
    (effect) => effect.do === 'notify' && effect.notice.notice === 'worker-exited',
  );
  assert.match(JSON.stringify(exited), /"reason":"boot-failed"/);
});

test('kill of a drained worker brings one into rotation', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'drain', slot: 1 });
  driver.settle();
  driver.operate({ command: 'kill', slot: 1, signal: 'SIGTERM' });
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('kill of the last worker is done: somebody who asks for it knows', () => {
  const driver = new Driver({ workers: 1 }).boot();
  const op = driver.operate({ command: 'kill', slot: 0, signal: 'SIGKILL' });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:1');
});

test('kill of a slot without a worker fails', () => {
  const driver = new Driver().boot();
  const op = driver.operate({ command: 'kill', slot: 2, signal: 'SIGKILL' });
  assert.equal(messageOf(driver, op), 'There is no worker in slot 2');
});
