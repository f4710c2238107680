import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged, notices } from './driver.ts';

test('the first crash is answered at once, later ones after pauses that double up to the longest', () => {
  const driver = new Driver({ workers: 1, backoff: { initialMs: 500, maxMs: 2000 } }).boot();
  const pauses = [0, 500, 1000, 2000, 2000];
  for (const pause of pauses) {
    driver.crash(driver.serving()[0]?.id ?? 0);
    if (pause > 0) {
      assert.deepEqual(driver.booting(), []);
      assert.deepEqual(kinds(driver.pass(pause - 1)), []);
      assert.deepEqual(kinds(driver.pass(1)), ['spawn']);
    }
    driver.readyAll();
  }
});

test('a worker that lived long enough starts with a clean record', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 0 }).boot();
  driver.crash(1);
  driver.readyAll();
  driver.pass(10_000);
  assert.deepEqual(kinds(driver.crash(2)), ['spawn'], 'at once, as the first time');
});

test('a crash of one worker leaves the other alone', () => {
  const driver = new Driver().boot();
  assert.deepEqual(kinds(driver.crash(1)), ['spawn']);
  assert.equal(driver.picture(), '1:1');
  driver.readyAll();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a kill by the kernel for want of memory has its own reason', () => {
  const driver = new Driver().boot();
  const effects = driver.exit(1, { code: null, signal: 'SIGKILL', oom: true });
  const exited = effects.find((effect) => effect.do === 'notify');
  assert.equal(exited?.do === 'notify' && 'reason' in exited.notice && exited.notice.reason, 'oom');
  assert.match(logged(effects), /out of memory/);
});

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
  assert.deepEqual(dumped.filter(({ do: what }) => what === 'signal'), [
    { do: 'signal', child: 1, signal: 'SIGTERM' },
  ]);
  assert.deepEqual(kinds(driver.pass(1000)), ['signal']);
  assert.equal(driver.children().find(({ id }) => id === 1)?.worker.phase, 'killed');
});

test('a stack that cannot be had does not keep a hung worker alive', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000, dumpMs: 2000 }).boot();
  driver.pass(1000);
  assert.deepEqual(kinds(driver.pass(2000)), ['signal']);
});

test('timeout 0 never calls a worker hung', () => {
  const driver = new Driver({ timeoutMs: 0 }).boot();
  assert.deepEqual(kinds(driver.pass(10 * 86_400_000)), []);
});

test('time in which the arbiter itself did not run is not counted', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000 }).boot();
  driver.now = 5000;
  assert.deepEqual(kinds(driver.push({ type: 'tick', lateMs: 4500 })), []);
  assert.deepEqual(kinds(driver.pass(499)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['dump', 'spawn']);
});

test('a worker that was told to leave by somebody else is replaced before it leaves', () => {
  const driver = new Driver({ workers: 1 }).boot();
  assert.deepEqual(kinds(driver.push({ type: 'leaving', child: 1, signal: 'SIGTERM' })), ['spawn']);
  assert.deepEqual(kinds(driver.ready(2)), ['drain']);
  assert.deepEqual(notices(driver.exit(1)), ['worker-exited']);
  assert.equal(driver.picture(), '0:1');
});
