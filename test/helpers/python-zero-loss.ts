import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './processes.ts';
import { needsPython } from './python.ts';
import { modulesOf, type PythonClass } from './python-server.ts';
import { startPythonUnderLoad } from './python-under-load.ts';
import { waitForSuccessor } from './successor.ts';
import { waitFor } from './wait-for.ts';

const sizes = ['5', '1', '+3', '-2', '4', '2'] as const;

/** Everything that replaces workers, under load that forgives nothing; each class in a file of its own. */
export function testZeroLoss(kind: PythonClass): void {
  const options = { skip: needsPython(...modulesOf(kind)) };

  test(`reloads of ${kind} workers lose no request`, options, async (t) => {
    const { control, repeat, tsgun } = await startPythonUnderLoad(t, kind);
    await repeat(() => control.call('reload', {}));
    assert.equal(await tsgun.stop(), 0);
  });

  test(`scaling ${kind} workers up and down loses no request`, options, async (t) => {
    const { control, repeat, tsgun } = await startPythonUnderLoad(t, kind);
    await repeat(async (round) => {
      const workers = sizes[round % sizes.length] ?? '2';
      const { to } = await control.call('scale', { workers });
      assert.equal((await control.call('status', {})).workers.ready, to);
    });
    assert.equal(await tsgun.stop(), 0);
  });

  test(`max_requests of ${kind} workers loses no request`, options, async (t) => {
    const limit = ['--max-requests', '1000', '--max-requests-jitter', '500'];
    const { repeat, tsgun } = await startPythonUnderLoad(t, kind, ['-w', '3', ...limit]);
    await repeat(() => delay(500));
    assert.match(tsgun.log, /Autorestarting worker .* after \d+ requests/);
    assert.equal(await tsgun.stop(), 0);
  });

  test(`an upgrade with ${kind} workers loses no request`, options, async (t) => {
    const { repeat, tsgun, pidFile } = await startPythonUnderLoad(t, kind);
    let arbiter = tsgun.pid;
    await repeat(async () => {
      process.kill(arbiter, 'SIGUSR2');
      const successor = await waitForSuccessor(t, arbiter, pidFile);
      await waitFor('the old program to end', () => !isAlive(arbiter), 30_000);
      arbiter = successor;
    });
    process.kill(arbiter, 'SIGTERM');
    await waitFor('the last program to end', () => !isAlive(arbiter));
  });

  test(`TERM lets ${kind} workers finish what was taken`, options, async (t) => {
    for (let round = 0; round < 3; round += 1) {
      const { answered, failures, rest, tsgun } = await startPythonUnderLoad(t, kind);
      await waitFor('load', () => answered() > 1500);
      assert.equal(await tsgun.stop(), 0);
      await rest();
      const refused = /connect: .*(ECONNREFUSED|ENOENT)/;
      assert.deepEqual(
        failures().filter((failure) => !refused.test(failure)),
        [],
      );
    }
  });
}
