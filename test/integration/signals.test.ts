import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAlive } from '../helpers/processes.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

test('TTIN and TTOU change the number of workers, never below one', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['app.js'], { cwd: dir });
  tsgun.signal('SIGTTIN');
  await waitFor('two workers', () => tsgun.workers().length === 2);
  tsgun.signal('SIGTTOU');
  await waitFor('one worker', () => tsgun.workers().length === 1);
  tsgun.signal('SIGTTOU');
  await tsgun.waitForLog(/Handling signal: ttou/, 2);
  assert.equal(tsgun.workers().length, 1);
});

for (const reusePort of [false, true]) {
  const how = reusePort ? ' with reuse_port' : '';
  test(`a storm of TTIN and TTOU under load${how} loses no request`, async (t) => {
    const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
    const args = [...(reusePort ? ['--reuse-port'] : []), '-w', '2', 'app.js'];
    const tsgun = await startTsgun(t, args, { cwd: dir });
    const target = { port: tsgun.port };
    const loads = [true, false].map((keepAlive) =>
      hammer(t, { target, connections: 4, keepAlive }),
    );
    for (let round = 1; round <= 6; round += 1) {
      // The kernel merges equal signals that come too fast, so each is waited for.
      for (const signal of ['ttin', 'ttin', 'ttin', 'ttou', 'ttou', 'ttou'] as const) {
        const seen = tsgun.log.split(`Handling signal: ${signal}`).length;
        tsgun.signal(signal === 'ttin' ? 'SIGTTIN' : 'SIGTTOU');
        await tsgun.waitForLog(new RegExp(`Handling signal: ${signal}`), seen);
      }
    }
    await waitFor('two workers', () => tsgun.workers().length === 2);
    await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      loads.flatMap((load) => load.failures),
      [],
    );
    assert.ok(loads.every((load) => load.answered > 100));
    assert.equal(await tsgun.stop(), 0);
  });
}

test('WINCH retires every worker and keeps the sockets; TTIN serves what waited', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hi') });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd: dir });
  tsgun.signal('SIGWINCH');
  await waitFor('no worker', () => tsgun.workers().length === 0);
  const clients = hammer(t, { target: { port: tsgun.port }, connections: 3, keepAlive: false });
  tsgun.signal('SIGTTIN');
  await waitFor('answers', () => clients.answered > 10);
  await clients.stop();
  assert.deepEqual(clients.failures, []);
});

test('signals that are sent to a worker do not hurt the pool', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd: dir });
  const clients = hammer(t, { target: { port: tsgun.port }, connections: 4, keepAlive: true });
  const [first, second] = tsgun.workers() as [number, number];
  for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGWINCH', 'SIGTTIN', 'SIGTTOU'] as const) {
    process.kill(first, signal);
  }
  process.kill(second, 'SIGTERM');
  await tsgun.waitForLog(new RegExp(`${second}\\) was sent SIGTERM and will be replaced`));
  await waitFor('the worker to leave', () => !isAlive(second));
  await waitFor('two workers', () => tsgun.workers().length === 2);
  await clients.stop();
  assert.ok(isAlive(first));
  assert.deepEqual(clients.failures, []);
  assert.equal(await tsgun.stop(), 0);
});
