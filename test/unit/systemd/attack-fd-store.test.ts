import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FdStore } from '../../../src/systemd/fd-store.ts';
import { ServiceManager } from '../../../src/systemd/service-manager.ts';

const fail = ({ message }: { message: string }): never => assert.fail(message);

test('another socket under the name of one that is kept takes its place', () => {
  const told: string[] = [];
  const manager = new ServiceManager(
    { notifySocket: '/none', watchdogMs: null, storeMax: 8 },
    {
      clock: { now: () => 0, wallTime: () => 0, after: () => () => undefined },
      log: fail,
      send: (_to, text, fd) => void told.push(`${text.replace('\n', ' ')} ${fd ?? ''}`.trimEnd()),
    },
  );
  const inherited = [
    { name: 'same', fd: 3 },
    { name: 'other', fd: 4 },
    { name: 'twice', fd: 5 },
    { name: 'twice', fd: 6 },
  ];
  const store = new FdStore(manager, inherited, fail);
  store.keep([
    { name: 'same', fd: 3 },
    { name: 'other', fd: 9 },
    { name: 'twice', fd: 5 },
  ]);
  assert.deepEqual(told, [
    'FDSTOREREMOVE=1 FDNAME=other',
    'FDSTOREREMOVE=1 FDNAME=twice',
    'FDSTORE=1 FDNAME=same 3',
    'FDSTORE=1 FDNAME=other 9',
    'FDSTORE=1 FDNAME=twice 5',
  ]);
});
