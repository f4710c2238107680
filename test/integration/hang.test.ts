import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

test('a worker that hangs in a request shows the function and the request line', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `
      function spinForever() { for (;;) Math.random(); }
      export default (req, res) => {
        if (req.url.startsWith('/spin')) spinForever();
        res.end('hello');
      };
    `,
  });
  const tsgun = await startTsgun(t, ['--timeout', '1', 'app.js'], { cwd: dir });
  await assert.rejects(fetchOnce({ port: tsgun.port }, '/spin?secret=1'));
  assert.match(tsgun.log, /WORKER TIMEOUT \(pid:\d+\)/);
  assert.match(tsgun.log, /at spinForever \(file:.*app\.js:2:\d+\)/);
  assert.match(tsgun.log, /GET \/spin\b/);
  assert.doesNotMatch(tsgun.log, /secret=1/);
  await tsgun.waitForLog(/Booting worker/, 2);
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'hello');
  assert.equal(await tsgun.stop(), 0);
});

test('a worker that hangs in a timer shows the function', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `
      setTimeout(function tickTock() { for (;;) Date.now(); }, 50);
      export default (req, res) => res.end('hello');
    `,
  });
  const tsgun = await startTsgun(t, ['--timeout', '1', 'app.js'], { cwd: dir });
  await tsgun.waitForLog(/at Timeout\.tickTock .*\(file:.*app\.js:2:\d+\)/);
  await tsgun.waitForLog(/No request was in flight/);
});

test('a first boot that hangs ends the start with the stack and exit code 3', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': 'function stuckInBoot() { for (;;) Math.random(); }\nstuckInBoot();\n',
  });
  const args = ['--boot-timeout', '1', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir, waitUntilReady: false });
  assert.equal((await tsgun.exited).code, 3);
  assert.match(tsgun.log, /WORKER TIMEOUT .*boot_timeout/);
  assert.match(tsgun.log, /at stuckInBoot \(/);
});

test('a suspended machine is not a hung worker', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': 'export default (req, res) => res.end(String(process.pid));',
  });
  const tsgun = await startTsgun(t, ['--timeout', '1', 'app.js'], { cwd: dir });
  const [worker] = tsgun.workers();
  const { body } = await fetchOnce({ port: tsgun.port });
  assert.equal(body, String(worker));
  tsgun.signal('SIGSTOP');
  process.kill(Number(worker), 'SIGSTOP');
  const end = performance.now() + 1500;
  await waitFor('more time than the time-out to pass', () => performance.now() > end);
  tsgun.signal('SIGCONT');
  process.kill(Number(worker), 'SIGCONT');
  await tsgun.waitForLog(/did not run for/);
  assert.equal((await fetchOnce({ port: tsgun.port })).body, body);
  assert.doesNotMatch(tsgun.log, /WORKER TIMEOUT/);
});
