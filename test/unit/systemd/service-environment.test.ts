import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatServiceEnvironment,
  takeServiceEnvironment,
} from '../../../src/systemd/service-environment.ts';

const notifySocket = '/run/systemd/notify';

test('what systemd says is taken out of the environment, and the rest is left', () => {
  const env = {
    NOTIFY_SOCKET: notifySocket,
    WATCHDOG_USEC: '30000000',
    WATCHDOG_PID: '7',
    FDSTORE: '512',
    INVOCATION_ID: 'x',
    PATH: '/bin',
  };
  assert.deepEqual(takeServiceEnvironment(env, 7), {
    notifySocket,
    watchdogMs: 30_000,
    storeMax: 512,
  });
  assert.deepEqual(env, { INVOCATION_ID: 'x', PATH: '/bin' });
});

test('without a socket we are no service, and our children are none either', () => {
  for (const NOTIFY_SOCKET of [undefined, '']) {
    const env = { NOTIFY_SOCKET, WATCHDOG_USEC: '1', WATCHDOG_PID: '7', FDSTORE: '1' };
    assert.equal(takeServiceEnvironment(env, 7), null);
    assert.deepEqual(env, {});
  }
});

const watchdogs: [env: NodeJS.ProcessEnv, ms: number | null][] = [
  [{ WATCHDOG_USEC: '1500' }, 1.5],
  [{ WATCHDOG_USEC: '2000000', WATCHDOG_PID: '7' }, 2000],
  [{ WATCHDOG_USEC: '2000000', WATCHDOG_PID: '8' }, null],
  [{ WATCHDOG_USEC: '2000000', WATCHDOG_PID: '' }, null],
  [{ WATCHDOG_USEC: '2000000', WATCHDOG_PID: 'x' }, null],
  [{ WATCHDOG_USEC: '0' }, null],
  [{ WATCHDOG_USEC: '-1' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
  [{ WATCHDOG_USEC: '' }, null],
  [{ WATCHDOG_USEC: '9'.repeat(30) }, null],
  [{ WATCHDOG_PID: '7' }, null],
  [{}, null],
];

for (const [env, ms] of watchdogs) {
  test(`${JSON.stringify(env)} is ${ms === null ? 'no watchdog' : `a watchdog of ${ms} ms`} for pid 7`, () => {
    const found = takeServiceEnvironment({ NOTIFY_SOCKET: notifySocket, ...env }, 7);
    assert.equal(found?.watchdogMs, ms);
  });
}

test('a store of a size that is none is no store', () => {
  for (const FDSTORE of ['', '-1', 'many', '1.5', undefined])
    assert.equal(takeServiceEnvironment({ NOTIFY_SOCKET: notifySocket, FDSTORE }, 7)?.storeMax, 0);
});

test('a successor takes what is said to it for the same, whatever its pid', () => {
  for (const service of [
    { notifySocket: '@abstract', watchdogMs: 2500, storeMax: 12 },
    { notifySocket, watchdogMs: null, storeMax: 0 },
  ]) {
    const env = formatServiceEnvironment(service);
    assert.deepEqual(takeServiceEnvironment(env, 4711), service);
    assert.deepEqual(env, {});
  }
});
