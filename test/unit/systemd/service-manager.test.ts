import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceManager } from '../../../src/systemd/service-manager.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function create() {
  const told: string[] = [];
  const manager = new ServiceManager(
    { notifySocket: '/none', watchdogMs: null, storeMax: 8 },
    {
      clock: new FakeClock(),
      log: ({ message }) => assert.fail(message),
      send: (_to, text, descriptor) =>
        void told.push(descriptor === null ? text : `${text} with ${descriptor}`),
    },
  );
  return { manager, told };
}

test('everything is said in the words of sd_notify(3)', async () => {
  const { manager, told } = create();
  manager.ready();
  manager.stopping();
  manager.status('2/2 workers ready');
  manager.extendTimeout(10_000);
  manager.beat();
  manager.store('a name', 7);
  manager.remove('a name');
  await manager.handOver(4711);
  assert.deepEqual(told, [
    'READY=1',
    'STOPPING=1',
    'STATUS=2/2 workers ready',
    'EXTEND_TIMEOUT_USEC=10000000',
    'WATCHDOG=1',
    'FDSTORE=1\nFDNAME=a name with 7',
    'FDSTOREREMOVE=1\nFDNAME=a name',
    'MAINPID=4711',
  ]);
});

test('a reload begins at a moment of the clock that systemd reads', () => {
  const { manager, told } = create();
  const before = process.hrtime.bigint() / 1000n;
  manager.reloading();
  const after = process.hrtime.bigint() / 1000n;
  const [, usec = '0'] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(told[0] ?? '') ?? [];
  assert.ok(BigInt(usec) >= before && BigInt(usec) <= after);
});

test('a status is one line, and no book', () => {
  const { manager, told } = create();
  manager.status('failed:\n  the app\r\nREADY=1');
  manager.status('x'.repeat(5000));
  assert.deepEqual(told, ['STATUS=failed: the app READY=1', `STATUS=${'x'.repeat(400)}`]);
});
