import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatServiceEnvironment,
  takeServiceEnvironment,
} from '../../../src/systemd/service-environment.ts';
import { ServiceManager } from '../../../src/systemd/service-manager.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

test('an app steers no terminal by what systemctl status shows of its errors', () => {
  const told: string[] = [];
  const manager = new ServiceManager(
    { notifySocket: '/none', watchdogMs: null, storeMax: 0 },
    { clock: new FakeClock(), log: () => undefined, send: (_to, text) => void told.push(text) },
  );
  manager.status('failed: \u001b[31mred\u0007 \u009b2J\u202eton\u2028 \u2066é 漢 🙂');
  assert.deepEqual(told, ['STATUS=failed: [31mred 2J ton é 漢 🙂']);
});

test('a watchdog of odd microseconds is the same for a program that succeeds us', () => {
  for (const microseconds of [1, 1001, 30_000_001, 1_234_567_891, 999_999_999_999_999]) {
    const given = { NOTIFY_SOCKET: '@x', WATCHDOG_USEC: String(microseconds), FDSTORE: '7' };
    const environment = takeServiceEnvironment({ ...given }, 1);
    assert.ok(environment);
    assert.deepEqual(formatServiceEnvironment(environment), given);
  }
});
