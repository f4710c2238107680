import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged } from './driver.ts';

const cases = {
  requests(driver: Driver) {
    driver.push({ type: 'spawned', child: 1, pid: 5, requestLimit: 100 });
    assert.deepEqual(kinds(driver.beat(1, { requests: 99 })), []);
    return driver.beat(1, { requests: 100 });
  },
  memory(driver: Driver) {
    assert.deepEqual(kinds(driver.beat(1, { rssBytes: 1000 })), []);
    return driver.beat(1, { rssBytes: 1001 });
  },
  age(driver: Driver) {
    assert.deepEqual(kinds(driver.pass(19_999)), []);
    return driver.pass(1);
  },
};

for (const [what, provoke] of Object.entries(cases)) {
  test(`a worker that is due by ${what} serves until its successor is ready`, () => {
    const maxAgeMs = what === 'age' ? 20_000 : 0;
    const driver = new Driver({ workers: 1, maxMemory: 1000, maxAgeMs, timeoutMs: 0 }).boot();
    assert.deepEqual(kinds(provoke(driver)), ['spawn']);
    assert.equal(driver.serving().length, 1);
    assert.deepEqual(kinds(driver.ready(2)), ['drain']);
    assert.deepEqual(kinds(driver.exit(1)), []);
    assert.deepEqual(
      driver.serving().map(({ id }) => id),
      [2],
    );
  });
}

test('workers that are due together are replaced one after the other', () => {
  const driver = new Driver({ workers: 4, maxAgeMs: 1000, timeoutMs: 0, surge: 1 }).boot();
  assert.deepEqual(kinds(driver.pass(1000)), ['spawn']);
  assert.equal(driver.booting().length, 1);
  driver.ready(5);
  assert.equal(driver.booting().length, 1);
  driver.settle();
  assert.deepEqual(
    driver.serving().map(({ id }) => id),
    [5, 6, 7, 8],
  );
});

test('a successor that cannot boot leaves the old worker serving', () => {
  const driver = new Driver({ workers: 1, maxMemory: 10 }).boot();
  driver.beat(1, { rssBytes: 11 });
  driver.failBoot(2);
  assert.deepEqual(
    driver.serving().map(({ id }) => id),
    [1],
  );
  assert.equal(driver.booting().length, 1);
});

test('surge bounds how many are replaced at a time', () => {
  const driver = new Driver({ workers: 5, maxAgeMs: 1000, timeoutMs: 0, surge: 2 }).boot();
  driver.pass(1000);
  while (driver.booting().length > 0) {
    assert.ok(driver.booting().length <= 2);
    driver.ready(driver.booting()[0]?.id ?? 0);
    assert.equal(driver.serving().length, 5);
  }
  assert.equal(driver.leaving().length, 5);
});

test('a worker is told once that it is due, and says why it left', () => {
  const driver = new Driver({ workers: 1, maxMemory: 10, maxAgeMs: 1000, timeoutMs: 0 }).boot();
  assert.match(logged(driver.beat(1, { rssBytes: 3 * 2 ** 20 })), /after 3 MiB of memory/);
  assert.equal(logged(driver.beat(1, { rssBytes: 4 * 2 ** 20 })), '');
  assert.equal(logged(driver.pass(1000)), '');
  driver.ready(2);
  const exited = driver.exit(1).find((effect) => effect.do === 'notify');
  assert.equal(
    exited?.do === 'notify' && 'reason' in exited.notice && exited.notice.reason,
    'recycled-memory',
  );
});

test('a worker that is due and crashes leaves its successor alone', () => {
  const driver = new Driver({ workers: 1, maxMemory: 10 }).boot();
  driver.beat(1, { rssBytes: 11 });
  assert.deepEqual(kinds(driver.crash(1)), []);
  driver.ready(2);
  assert.equal(driver.picture(), '0:1');
});

test('the limits of a worker are those of its own generation', () => {
  const driver = new Driver({ workers: 1, maxMemory: 1000 }).boot();
  driver.reload({ workers: 1, maxMemory: 10 });
  assert.equal(logged(driver.beat(1, { rssBytes: 500 })), '');
  driver.settle();
  assert.match(logged(driver.beat(2, { rssBytes: 500 })), /Autorestarting/);
});

test('limits that are 0 are none', () => {
  const driver = new Driver({ workers: 1, maxMemory: 0, maxAgeMs: 0, timeoutMs: 0 }).boot();
  assert.deepEqual(driver.beat(1, { requests: 1e9, rssBytes: 1e12 }), []);
  assert.deepEqual(driver.pass(86_400_000), []);
});

test('a worker that leaves is not found due any more', () => {
  const driver = new Driver({ maxMemory: 10 }).boot();
  driver.command({ command: 'scale', by: -1 });
  assert.deepEqual(driver.beat(2, { rssBytes: 11 }), []);
  assert.deepEqual(driver.push({ type: 'leaving', child: 2, why: 'was sent SIGTERM' }), []);
});

test('a worker that is told to leave twice is replaced once', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.push({ type: 'leaving', child: 1, why: 'was sent SIGTERM' });
  assert.deepEqual(driver.push({ type: 'leaving', child: 1, why: 'was sent SIGTERM' }), []);
});
