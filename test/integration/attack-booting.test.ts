import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { connectControl, failureOf } from '../helpers/control.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

/** A new worker accepts as soon as its app is there, and says that it is ready 300 ms later. */
const slowHook = `export default {
  postWorkerInit: () => new Promise((resolve) => setTimeout(resolve, 300)),
};`;

test('a worker that is not wanted any more before it was ready takes no request with it', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp(), 'tsgun.conf.mjs': slowHook });
  const args = ['-c', path.join(cwd, 'tsgun.conf.mjs'), '-b', '127.0.0.1:0', '-w', '1', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd });
  const control = await connectControl(t, tsgun);
  const loads = [true, false].map((keepAlive) =>
    hammer(t, { target: { port: tsgun.port }, connections: 4, keepAlive }),
  );
  const accepting = (others: ReadonlySet<string>) =>
    waitFor('somebody new to accept', () =>
      loads.some(({ bodies }) => [...bodies.keys()].some((pid) => !others.has(pid))),
    );
  const known = () => new Set(loads.flatMap(({ bodies }) => [...bodies.keys()]));
  await waitFor('the load', () => known().size > 0);

  const undo: [begin: () => Promise<unknown>, end: () => Promise<unknown>][] = [
    [() => control.call('scale', { workers: '3' }), () => control.call('scale', { workers: '1' })],
    [() => control.call('reload', {}), () => control.call('abort', {})],
  ];
  for (const [begin, end] of undo) {
    const before = known();
    const failure = failureOf(begin());
    await accepting(before);
    await end();
    assert.equal((await failure).code, 'TSGUN_E_OPERATION');
  }
  const before = known();
  const superseded = failureOf(control.call('reload', {}));
  await accepting(before);
  tsgun.signal('SIGHUP');
  await superseded;
  await tsgun.waitForLog(/Reload done/);
  await Promise.all(loads.map((load) => load.stop()));
  assert.deepEqual(
    loads.flatMap((load) => load.failures),
    [],
  );
  assert.equal(await tsgun.stop(), 0);
});

test('a worker that is stuck in its boot does not hold up what it is not wanted for', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-w', '1', 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  writeFiles(cwd, { 'app.js': 'console.log("stuck"); for (;;);' });
  const failure = failureOf(control.call('reload', {}));
  await tsgun.waitForLog(/stuck/);
  const begun = performance.now();
  await control.call('abort', {});
  assert.equal((await failure).code, 'TSGUN_E_OPERATION');
  const { workers } = await control.call('status', {});
  assert.deepEqual([workers.ready, workers.draining], [1, 0]);
  assert.ok(performance.now() - begun < 10_000); // not graceful_timeout
});
