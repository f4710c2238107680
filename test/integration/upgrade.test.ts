import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { isAlive } from '../helpers/processes.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer } from '../helpers/strict-client.ts';
import { pidIn, waitForSuccessor } from '../helpers/successor.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

for (const bind of ['127.0.0.1:0', 'unix:app.sock', 'reuse_port']) {
  test(`USR2 hands ${bind} over to a new program without losing a request`, async (t) => {
    const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('old') });
    const pidFile = path.join(dir, 'tsgun.pid');
    const where = bind === 'reuse_port' ? ['-b', '127.0.0.1:0', '--reuse-port'] : ['-b', bind];
    const old = await startTsgun(t, [...where, '-w', '2', '-p', pidFile, 'app.js'], { cwd: dir });
    const target = bind.startsWith('unix') ? { path: `${dir}/app.sock` } : { port: old.port };
    const loads = [true, false].map((keepAlive) =>
      hammer(t, { target, connections: 4, keepAlive }),
    );
    writeFiles(dir, { 'app.js': helloApp('new') });
    old.signal('SIGUSR2');
    const successor = await waitForSuccessor(t, old.pid, pidFile);
    assert.equal((await old.exited).code, 0);
    assert.ok(isAlive(successor));
    assert.equal((await fetchOnce(target)).body, 'new');
    process.kill(successor, 'SIGHUP');
    await waitFor('the reload', () => old.log.includes('Reload done'));
    await Promise.all(loads.map((load) => load.stop()));
    assert.deepEqual(
      loads.flatMap((load) => load.failures),
      [],
    );
    process.kill(successor, 'SIGTERM');
    await waitFor('the successor to end', () => !isAlive(successor));
    assert.equal(pidIn(pidFile), 0);
    await assert.rejects(fetchOnce(target), /ECONNREFUSED|ENOENT/);
  });
}

test('an upgrade to a program that cannot serve changes nothing', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('old') });
  const pidFile = path.join(dir, 'tsgun.pid');
  const tsgun = await startTsgun(t, ['-w', '2', '-p', pidFile, 'app.js'], { cwd: dir });
  const target = { port: tsgun.port };
  const clients = hammer(t, { target, connections: 4, keepAlive: false });
  writeFiles(dir, { 'app.js': 'throw new Error("not today");' });
  tsgun.signal('SIGUSR2');
  await tsgun.waitForLog(/Upgrade failed.*not today/s);
  assert.equal(pidIn(pidFile), tsgun.pid);
  const answered = clients.answered;
  await waitFor('the load to go on', () => clients.answered > answered + 1000);

  // And the next one, to a program that can, works.
  writeFiles(dir, { 'app.js': helloApp('new') });
  tsgun.signal('SIGUSR2');
  const successor = await waitForSuccessor(t, tsgun.pid, pidFile);
  assert.equal((await tsgun.exited).code, 0);
  await clients.stop();
  assert.deepEqual(clients.failures, []);
  process.kill(successor, 'SIGTERM');
  await waitFor('the successor to end', () => !isAlive(successor));
});
