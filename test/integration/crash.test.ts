import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuTicks } from '../helpers/cpu-time.ts';
import { childrenOf, isAlive } from '../helpers/processes.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

test('kill -9 of each worker under load fails no more than what was in flight in it', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-w', '3', 'app.js'], { cwd: dir });
  const connections = 6;
  const clients = hammer(t, { target: { port: tsgun.port }, connections, keepAlive: true });
  for (const [index, pid] of tsgun.workers().entries()) {
    const before = clients.failures.length;
    process.kill(pid, 'SIGKILL');
    await tsgun.waitForLog(new RegExp(`Worker \\(pid:${pid}\\) was sent SIGKILL`));
    await waitFor('a new worker', () => tsgun.workers().length === 3);
    const answered = clients.answered;
    await waitFor('the load to go on', () => clients.answered > answered + 500);
    assert.ok(
      clients.failures.length - before <= connections,
      `kill ${index}: ${clients.failures}`,
    );
  }
  const failed = clients.failures.length;
  const answered = clients.answered;
  await waitFor('requests after the last kill', () => clients.answered > answered + 5000);
  await clients.stop();
  assert.equal(clients.failures.length, failed);
  assert.equal(await tsgun.stop(), 0);
});

test('a worker that crashes again and again is retried more and more slowly', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `
      setTimeout(() => process.exit(7), 20);
      export default (req, res) => res.end('hello');
    `,
  });
  const settings = ['--backoff-initial', '0.05', '--backoff-max', '0.2'];
  const tsgun = await startTsgun(t, [...settings, 'app.js'], { cwd: dir });
  await tsgun.waitForLog(/failed 2 times in a row: next try in 0\.05 s/);
  await tsgun.waitForLog(/failed 5 times in a row: next try in 0\.2 s/);
  await tsgun.waitForLog(/exited with code 7/, 5);
  assert.equal(tsgun.running, true);
  assert.equal(await tsgun.stop(), 0);
});

test('SIGKILL of the arbiter leaves no worker and nothing that stops the next start', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    // Blocked for good: it cannot notice by itself that its arbiter is gone.
    'app.js':
      'export default (req, res) => { if (req.url === "/block") for (;;); res.end("hi"); };',
  });
  const args = ['-b', 'unix:app.sock', '-p', 'tsgun.pid', '-w', '2', 'app.js'];
  const first = await startTsgun(t, args, { cwd: dir });
  const target = { path: `${dir}/app.sock` };
  await assert.rejects(Promise.race([fetchOnce(target, '/block'), killSoon(first.pid)]));
  await first.exited;

  const second = await startTsgun(t, args, { cwd: dir });
  assert.equal((await fetchOnce(target)).body, 'hi');
  assert.equal(await second.stop(), 0);
});

async function killSoon(pid: number): Promise<never> {
  const workers = childrenOf(pid);
  const before = workers.map(cpuTicks);
  // Half a second of CPU time in one worker: it is in its loop, not in its boot.
  await waitFor('a request to block a worker', () =>
    workers.some((worker, index) => cpuTicks(worker) > (before[index] ?? 0) + 50),
  );
  process.kill(pid, 'SIGKILL');
  await waitFor('every worker to be gone', () => !workers.some(isAlive));
  throw new Error('killed');
}
