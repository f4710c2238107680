import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitForStatus } from '../helpers/control.ts';
import { childrenOf, isAlive, titleOf } from '../helpers/processes.ts';
import { needsPython } from '../helpers/python.ts';
import { modulesOf, pythonClasses } from '../helpers/python-server.ts';
import {
  type PythonUnderLoad,
  startPythonUnderLoad,
  workersOf,
} from '../helpers/python-under-load.ts';
import { waitFor } from '../helpers/wait-for.ts';

const clients = 12;

const goesOn = async ({ answered }: PythonUnderLoad, count = 1000): Promise<void> => {
  const before = answered();
  await waitFor('the load to go on', () => answered() > before + count);
};

/** Requests that a worker of each class can have in its hands when it dies. */
const inHands = { sync: 1, gthread: 4, gevent: clients, eventlet: clients, asgi: clients };

for (const kind of pythonClasses) {
  const options = { skip: needsPython(...modulesOf(kind)) };

  test(`kill -9 of a ${kind} worker fails what it had, with 502`, options, async (t) => {
    const load = await startPythonUnderLoad(t, kind);
    for (const pid of await workersOf(load.control)) {
      const before = load.failures().length;
      await goesOn(load);
      process.kill(pid, 'SIGKILL');
      await load.tsgun.waitForLog(new RegExp(`\\(pid:${pid}\\) was sent SIGKILL`));
      await waitForStatus('a new worker', load.control, ({ workers }) => workers.ready === 2);
      await goesOn(load);
      const failed = load.failures().slice(before);
      assert.ok(failed.length <= inHands[kind], failed.join('\n'));
      for (const failure of failed) assert.equal(failure, 'status 502');
    }
    await load.rest();
    assert.equal(await load.tsgun.stop(), 0);
  });

  test(`kill -9 of the gateway leaves its ${kind} workers alone`, options, async (t) => {
    const load = await startPythonUnderLoad(t, kind);
    const workers = await workersOf(load.control);
    for (let round = 0; round < 3; round += 1) {
      await goesOn(load);
      const before = load.failures().length;
      const gateway = gatewayOf(load.tsgun.pid);
      process.kill(gateway, 'SIGKILL');
      await waitFor('another gateway', () => {
        const now = gatewayOf(load.tsgun.pid);
        return now !== 0 && now !== gateway && !isAlive(gateway);
      });
      await goesOn(load);
      const failed = load.failures().slice(before);
      assert.ok(failed.length <= clients, failed.join('\n'));
      assert.deepEqual(await workersOf(load.control), workers);
    }
    await load.rest();
    assert.equal(await load.tsgun.stop(), 0);
  });
}

function gatewayOf(arbiter: number): number {
  return childrenOf(arbiter).find((pid) => isAlive(pid) && /gateway/.test(titleOf(pid))) ?? 0;
}
