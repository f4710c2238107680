import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { hammer, type Target } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const reloads = 20;
const fewestRequests = 20_000;

for (const listener of ['TCP', 'Unix socket', 'reuse_port'] as const) {
  for (const keepAlive of [true, false]) {
    const load = keepAlive ? 'keep-alive' : 'new-connection';
    test(`${reloads} reloads under ${load} load on ${listener} lose no request`, async (t) => {
      const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('first') });
      const bind = listener === 'Unix socket' ? 'unix:app.sock' : '127.0.0.1:0';
      const extra = listener === 'reuse_port' ? ['--reuse-port'] : [];
      const tsgun = await startTsgun(t, ['-b', bind, '-w', '2', ...extra, 'app.js'], { cwd: dir });
      const target: Target =
        listener === 'Unix socket' ? { path: path.join(dir, 'app.sock') } : { port: tsgun.port };

      const clients = hammer(t, { target, connections: 8, keepAlive });
      for (let count = 1; count <= reloads; count += 1) {
        if (count === reloads) writeFiles(dir, { 'app.js': helloApp('last') });
        tsgun.signal('SIGHUP');
        await tsgun.waitForLog(/Reload done/, count);
      }
      const last = clients.bodies.get('last') ?? 0;
      await waitFor('the last code to answer', () => (clients.bodies.get('last') ?? 0) > last);
      await waitFor('enough requests', () => clients.answered >= fewestRequests, 60_000);
      await clients.stop();

      assert.deepEqual(clients.failures, []);
      assert.deepEqual([...clients.bodies.keys()].sort(), ['first', 'last']);
      assert.equal(await tsgun.stop(), 0);
    });
  }
}

for (const address of ['127.0.0.1:0', 'unix:gone.sock']) {
  test(`a reload that gives ${address} up loses nobody who was let in there`, async (t) => {
    const config = (bind: string[]) =>
      `app = "app.js"\nworkers = 2\nbind = ${JSON.stringify(bind)}\n`;
    const dir = writeFiles(makeTempDir(t), {
      'app.js': helloApp('hello'),
      'tsgun.conf.toml': config([address, 'unix:stays.sock']),
    });
    const tsgun = await startTsgun(t, ['-c', 'tsgun.conf.toml'], { cwd: dir });
    const gone = address.startsWith('unix')
      ? { path: path.join(dir, 'gone.sock') }
      : { port: tsgun.port };
    const leaving = hammer(t, { target: gone, connections: 4, keepAlive: false });
    const staying = hammer(t, {
      target: { path: path.join(dir, 'stays.sock') },
      connections: 4,
      keepAlive: false,
    });
    await waitFor('load', () => leaving.answered > 200 && staying.answered > 200);
    writeFiles(dir, { 'tsgun.conf.toml': config(['unix:stays.sock']) });
    tsgun.signal('SIGHUP');
    await tsgun.waitForLog(/Reload done/);
    await Promise.all([leaving.stop(), staying.stop()]);
    assert.deepEqual(staying.failures, []);
    const lost = leaving.failures.filter(
      (failure) => !/connect: .*(ECONNREFUSED|ENOENT)/.test(failure),
    );
    assert.deepEqual(lost, []);
    assert.equal(await tsgun.stop(), 0);
  });
}
