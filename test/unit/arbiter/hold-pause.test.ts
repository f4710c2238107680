import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged, notices } from './driver.ts';

const resultOf = (driver: Driver, op: number) => {
  const outcome = driver.operations.get(op);
  return outcome?.ok ? outcome.result : outcome;
};

test('while held a failed worker is not started again, and resume starts it at once', () => {
  const driver = new Driver({ timeoutMs: 0 }).boot();
  const hold = driver.operate({ command: 'hold' });
  assert.deepEqual(resultOf(driver, hold), { held: true, changed: true });
  assert.match(logged(driver.crash(2)), /Worker 1 is not started again: hold/);
  driver.pass(3_600_000);
  assert.equal(driver.picture(), '0:1');
  assert.deepEqual(driver.booting(), []);
  const resume = driver.operate({ command: 'resume' });
  assert.deepEqual(resultOf(driver, resume), { held: false, changed: true });
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('hold stops a slot that is in its back-off, and resume forgets the back-off', () => {
  const driver = new Driver({ timeoutMs: 0 }).boot();
  driver.crash(2);
  driver.failBoot(3);
  assert.equal(driver.booting().length, 0);
  driver.operate({ command: 'hold' });
  driver.pass(120_000);
  assert.equal(driver.booting().length, 0);
  driver.operate({ command: 'resume' });
  assert.equal(driver.booting().length, 1);
  assert.equal(driver.state.failures.size, 0);
});

test('a worker that lived long is held as well', () => {
  const driver = new Driver({ stableMs: 1000, timeoutMs: 0 }).boot();
  driver.operate({ command: 'hold' });
  driver.pass(60_000);
  driver.crash(1);
  assert.deepEqual(driver.booting(), []);
});

test('twice is once, and says so', () => {
  const driver = new Driver().boot();
  for (const command of ['hold', 'pause'] as const) {
    assert.match(JSON.stringify(resultOf(driver, driver.operate({ command }))), /"changed":true/);
    assert.match(JSON.stringify(resultOf(driver, driver.operate({ command }))), /"changed":false/);
  }
  for (const command of ['resume', 'unpause'] as const) {
    assert.match(JSON.stringify(resultOf(driver, driver.operate({ command }))), /"changed":true/);
    assert.match(JSON.stringify(resultOf(driver, driver.operate({ command }))), /"changed":false/);
  }
  assert.deepEqual(
    notices(driver.effects).filter((name) => /held|resumed|paused/.test(name)),
    ['held', 'paused', 'resumed', 'unpaused'],
  );
});

test('held, a worker that is asked to leave is still replaced', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'hold' });
  const op = driver.operate({ command: 'kill', slot: 1, signal: 'SIGKILL' });
  driver.settle();
  assert.equal(driver.outcome(op), 'ok');
  assert.equal(driver.picture(), '0:1 1:1');
});

test('held, a reload still tries its new code, and what failed is there again', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'hold' });
  driver.crash(2);
  driver.reload();
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
  assert.equal(driver.state.held, true);
});

test('held, a scale up that cannot boot fails and goes back', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'hold' });
  const op = driver.operate({ command: 'scale', by: 1 });
  driver.failBoot(3);
  assert.equal(driver.outcome(op), 'failed');
  assert.equal(driver.state.target, 2);
});

test('pause reaches every worker that is there, and its state whoever comes later', () => {
  const driver = new Driver().boot();
  const before = driver.effects.length;
  const op = driver.operate({ command: 'pause' });
  assert.deepEqual(resultOf(driver, op), { paused: true, changed: true });
  assert.deepEqual(kinds(driver.effects.slice(before)), ['pause', 'answer']);
  assert.equal(driver.state.paused, true);
  const end = driver.operate({ command: 'unpause' });
  assert.deepEqual(resultOf(driver, end), { paused: false, changed: true });
  assert.equal(driver.state.paused, false);
});

test('paused, a reload, a scale and a stop come to their ends', () => {
  const driver = new Driver().boot();
  driver.operate({ command: 'pause' });
  const scale = driver.operate({ command: 'scale', by: 1 });
  driver.settle();
  driver.reload({ workers: 3 });
  driver.settle();
  assert.equal(driver.outcome(scale), 'ok');
  assert.equal(driver.picture(), '0:2 1:2 2:2');
  assert.equal(driver.state.paused, true);
  const stop = driver.operate({ command: 'stop', how: 'graceful' });
  driver.settle();
  assert.equal(driver.outcome(stop), 'ok');
});
