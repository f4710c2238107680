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
  const effects = driver.crash(1);
  assert.deepEqual(kinds(effects), ['spawn']);
  assert.match(logged(effects), /Worker \(pid:1001\) exited with code 1/);
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

test('a worker that was told to leave by somebody else is replaced before it leaves', () => {
  const driver = new Driver({ workers: 1 }).boot();
  assert.deepEqual(kinds(driver.push({ type: 'leaving', child: 1, why: 'was sent SIGTERM' })), [
    'spawn',
  ]);
  assert.deepEqual(kinds(driver.ready(2)), ['drain']);
  assert.deepEqual(notices(driver.exit(1)), ['worker-exited']);
  assert.equal(driver.picture(), '0:1');
});

test('a successor that cannot boot is retried less and less often, however long the old one serves', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 0, maxAgeMs: 60_000 }).boot();
  driver.pass(60_000);
  const spawns: number[] = [];
  for (let tries = 0; tries < 9; tries += 1) {
    spawns.push(driver.now);
    driver.failBoot(driver.booting()[0]?.id ?? 0);
    while (driver.booting().length === 0) driver.pass(500);
  }
  assert.deepEqual(
    spawns.slice(1).map((at, index) => at - (spawns[index] ?? 0)),
    [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000],
  );
  assert.equal(driver.picture(), '0:1');
  driver.settle();
  driver.pass(10_000);
  assert.equal(driver.state.failures.size, 0, 'forgotten when the successor is stable');
});

test('a retry wakes the arbiter although the old worker of the slot serves on', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 0, maxMemory: 10 }).boot();
  driver.beat(1, { rssBytes: 11 });
  driver.failBoot(2);
  driver.failBoot(3);
  assert.deepEqual(kinds(driver.pass(499)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['spawn']);
});

test('a retry wakes the arbiter although somebody is still leaving its slot', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 0, gracefulMs: 90_000 }).boot();
  driver.push({ type: 'leaving', child: 1, why: 'was sent SIGTERM' });
  driver.readyAll();
  for (const id of [2, 3]) {
    driver.crash(id);
    if (id === 2) driver.readyAll();
  }
  assert.deepEqual(
    driver.leaving().map(({ id }) => id),
    [1],
  );
  assert.deepEqual(kinds(driver.pass(500)), ['spawn']);
});

test('failures of a slot that is scaled away are forgotten', () => {
  const driver = new Driver().boot();
  driver.crash(2);
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  driver.command({ command: 'scale', by: -1 });
  assert.equal(driver.state.failures.size, 0);
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: 1 })), ['spawn']);
});

test('a crash that comes after a long life is no failure in a row', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 0 }).boot();
  for (let round = 0; round < 5; round += 1) {
    driver.pass(10_000);
    assert.deepEqual(kinds(driver.crash(driver.serving()[0]?.id ?? 0)), ['spawn']);
    driver.readyAll();
  }
});

test('a pool that keeps crashing never ends the daemon', () => {
  const driver = new Driver({ workers: 2 }).boot();
  for (let round = 0; round < 50; round += 1) {
    for (const { id } of driver.serving()) driver.crash(id);
    for (const { id } of driver.booting()) driver.failBoot(id);
    driver.pass(30_000);
  }
  assert.equal(driver.state.mode.kind, 'serving');
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});
