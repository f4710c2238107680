import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../../src/arbiter/event.ts';
import { Driver, kinds, logged } from './driver.ts';

const signals = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.do === 'signal' ? [`${effect.child} ${effect.signal}`] : []));

const reasons = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) =>
    effect.do === 'notify' && effect.notice.notice === 'worker-exited'
      ? [effect.notice.reason]
      : [],
  );

test('a silent worker is dumped, then asked, then killed, and replaced meanwhile', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 30_000 }).boot();
  driver.pass(10_000);
  driver.beat(1);
  assert.deepEqual(kinds(driver.pass(29_999)), []);
  const effects = driver.pass(1);
  assert.deepEqual(kinds(effects), ['dump', 'spawn']);
  assert.match(logged(effects), /WORKER TIMEOUT \(pid:1001\)/);
  const dumped = driver.push({ type: 'dumped', child: 1, stack: 'at spin' });
  assert.match(logged(dumped), /at spin/);
  assert.deepEqual(signals(dumped), ['1 SIGTERM']);
  assert.deepEqual(signals(driver.pass(999)), []);
  assert.deepEqual(signals(driver.pass(1)), ['1 SIGKILL']);
  assert.deepEqual(signals(driver.pass(29_000)), [], 'once');
  assert.deepEqual(reasons(driver.exit(1, { code: null, signal: 'SIGKILL' })), ['timeout']);
});

test('a stack that cannot be had does not keep a hung worker alive', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000, dumpMs: 2000 }).boot();
  driver.pass(1000);
  assert.deepEqual(kinds(driver.pass(1999)), []);
  assert.deepEqual(signals(driver.pass(1)), ['1 SIGKILL']);
  assert.deepEqual(signals(driver.push({ type: 'dumped', child: 1, stack: 'late' })), []);
});

test('a hung worker that answers TERM is not killed', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000 }).boot();
  driver.pass(1000);
  driver.push({ type: 'dumped', child: 1, stack: '' });
  assert.deepEqual(reasons(driver.exit(1)), ['timeout']);
  driver.readyAll();
  assert.deepEqual(signals(driver.pass(999)), []);
});

test('a worker that dies while its stack is taken was hung, not crashed', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000 }).boot();
  driver.pass(1000);
  assert.deepEqual(reasons(driver.exit(1, { code: null, signal: 'SIGSEGV' })), ['timeout']);
});

test('a worker that hangs while it boots gets no successor until it is gone', () => {
  const driver = new Driver({ workers: 2, bootMs: 5000, timeoutMs: 0 });
  driver.push({ type: 'start' });
  driver.ready(2);
  driver.push({ type: 'spawned', child: 1, pid: 1001, requestLimit: 0 });
  assert.deepEqual(kinds(driver.pass(4999)), []);
  const effects = driver.pass(1);
  assert.deepEqual(kinds(effects), ['dump']);
  assert.match(logged(effects), /WORKER TIMEOUT \(pid:1001\): not ready within boot_timeout/);
  driver.push({ type: 'ready', child: 1, kind: 'test' });
  assert.equal(driver.serving().length, 1, 'too late is too late');
  driver.push({ type: 'dumped', child: 1, stack: 'at load' });
  assert.deepEqual(signals(driver.pass(1000)), ['1 SIGKILL']);
  const ended = driver.exit(1, { code: null, signal: 'SIGKILL' });
  assert.deepEqual(reasons(ended), ['boot-timeout']);
  assert.deepEqual(kinds(ended), ['spawn']);
});

test('every beat puts the deadline off', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000 }).boot();
  for (let round = 0; round < 20; round += 1) {
    assert.deepEqual(kinds(driver.pass(999)), []);
    driver.beat(1);
  }
});

test('timeout 0 never calls a worker hung', () => {
  const driver = new Driver({ timeoutMs: 0 }).boot();
  assert.deepEqual(kinds(driver.pass(10 * 86_400_000)), []);
});

test('time in which the arbiter itself did not run is not counted', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000 }).boot();
  driver.now = 5000;
  const effects = driver.push({ type: 'tick', lateMs: 4500 });
  assert.deepEqual(kinds(effects), []);
  assert.match(logged(effects), /did not run for 4500 ms/);
  assert.deepEqual(kinds(driver.pass(499)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['dump', 'spawn']);
});

test('time in which the arbiter did not run is not counted for those that boot or leave either', () => {
  const driver = new Driver({ workers: 1, bootMs: 5000, gracefulMs: 5000, timeoutMs: 0 }).boot();
  driver.command({ command: 'scale', by: 1 });
  driver.command({ command: 'scale', by: 1 });
  driver.ready(2);
  driver.failBoot(3);
  driver.command({ command: 'scale', by: -1 });
  driver.command({ command: 'scale', by: -1 });
  driver.command({ command: 'scale', by: 1 }); // one serves, one drains, one boots
  driver
    .leaving()
    .filter(({ worker }) => worker.phase === 'killed')
    .map(({ id }) => driver.exit(id));
  const phases = driver.children().map(({ worker }) => worker.phase);
  assert.deepEqual(phases.toSorted(), ['booting', 'draining', 'ready']);
  assert.deepEqual(kinds(driver.sleepThrough(60_000)), []);
  assert.deepEqual(kinds(driver.pass(4749)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['dump']);
  assert.deepEqual(kinds(driver.pass(499)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['signal']);
});

test('a loop that is late by less than a turn forgives nothing', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000 }).boot();
  driver.now = 1000;
  assert.deepEqual(kinds(driver.push({ type: 'tick', lateMs: 49 })), ['dump', 'spawn']);
});
