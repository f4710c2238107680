import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds } from './driver.ts';

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
    assert.deepEqual(driver.serving().map(({ id }) => id), [2]);
  });
}

test('workers that are due together are replaced one after the other', () => {
  const driver = new Driver({ workers: 4, maxAgeMs: 1000, timeoutMs: 0, surge: 1 }).boot();
  assert.deepEqual(kinds(driver.pass(1000)), ['spawn']);
  assert.equal(driver.booting().length, 1);
  driver.ready(5);
  assert.equal(driver.booting().length, 1);
  driver.settle();
  assert.deepEqual(driver.serving().map(({ id }) => id), [5, 6, 7, 8]);
});

test('a successor that cannot boot leaves the old worker serving', () => {
  const driver = new Driver({ workers: 1, maxMemory: 10 }).boot();
  driver.beat(1, { rssBytes: 11 });
  driver.failBoot(2);
  assert.deepEqual(driver.serving().map(({ id }) => id), [1]);
  assert.equal(driver.booting().length, 1);
});
