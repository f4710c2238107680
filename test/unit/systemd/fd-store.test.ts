import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FdStore, type Stored } from '../../../src/systemd/fd-store.ts';
import { ServiceManager } from '../../../src/systemd/service-manager.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function create(storeMax: number, inherited: readonly Stored[] = []) {
  let told: string[] = [];
  const warnings: string[] = [];
  const manager = new ServiceManager(
    { notifySocket: '/none', watchdogMs: null, storeMax },
    {
      clock: new FakeClock(),
      log: ({ message }) => assert.fail(message),
      send: (_to, text, fd) =>
        void told.push(
          `${text.replace(/^FDSTORE(REMOVE)?=1\nFDNAME=/, (_, no) => (no ? '-' : '+'))}${fd ?? ''}`,
        ),
    },
  );
  const store = new FdStore(manager, inherited, ({ message }) => void warnings.push(message));
  /** What is told when these are to be kept. */
  const keep = (...wanted: Stored[]) => {
    told = [];
    const kept = store.keep(wanted);
    return { told, kept };
  };
  return { keep, warnings };
}

const a = { name: 'a', fd: 11 };
const b = { name: 'b', fd: 12 };
const c = { name: 'c', fd: 13 };

test('only what has changed is told, and what goes before what comes', () => {
  const { keep, warnings } = create(3);
  assert.deepEqual(keep(a, b), { told: ['+a11', '+b12'], kept: true });
  assert.deepEqual(keep(a, b), { told: [], kept: true });
  assert.deepEqual(keep(b, c), { told: ['-a', '+c13'], kept: true });
  assert.deepEqual(keep(c, b, a), { told: ['+a11'], kept: true }, 'the order means nothing');
  assert.deepEqual(keep(), { told: ['-c', '-b', '-a'], kept: true });
  assert.deepEqual(warnings, []);
});

test('what was given back and is not wanted is removed, once', () => {
  const { keep } = create(3, [a, { name: 'old', fd: 14 }]);
  assert.deepEqual(keep(a).told, ['-old', '+a11']);
  assert.deepEqual(keep(a).told, []);
});

test('more than fits is not kept at all, and said once', () => {
  const { keep, warnings } = create(2, [a]);
  assert.deepEqual(keep(a, b, c), { told: ['-a'], kept: false });
  assert.deepEqual(keep(a, b, c), { told: [], kept: false });
  assert.deepEqual(warnings, [
    'A restart will refuse connections: systemd cannot keep the listening sockets (3 descriptors, and FileDescriptorStoreMax=2)',
  ]);
  assert.deepEqual(keep(a, b), { told: ['+a11', '+b12'], kept: true }, 'it fits again');
  assert.deepEqual(keep(a, b, c), { told: ['-a', '-b'], kept: false });
  assert.equal(warnings.length, 1);
});

test('a name that systemd would refuse keeps all from being kept', () => {
  const { keep, warnings } = create(8);
  assert.deepEqual(keep(a, { name: 'x'.repeat(255), fd: 14 }).kept, true);
  assert.deepEqual(keep(a, { name: 'x'.repeat(256), fd: 14 }).kept, false);
  assert.match(warnings.join(), /^A restart will .* \(a path is too long for its name\)$/);
});

test('without a store nothing is told, nor warned of', () => {
  const { keep, warnings } = create(0);
  assert.deepEqual(keep(a), { told: [], kept: false });
  assert.deepEqual(warnings, []);
});
