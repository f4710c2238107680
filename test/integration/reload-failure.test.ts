import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const config = 'app = "app.js"\nworkers = 2\nbind = ["127.0.0.1:0"]\nboot_timeout = 2\n';

interface Breakage {
  files: Record<string, string>;
  reason: RegExp;
}

const breakages: Record<string, Breakage> = {
  'an import that is missing': {
    files: { 'app.js': "import './missing.js';\n" },
    reason: /Reload failed.*missing\.js/s,
  },
  'a syntax error': {
    files: { 'app.js': 'export default (req, res) => {\n  res.end(;\n};\n' },
    reason: /Reload failed.*app\.js:2.*SyntaxError|Reload failed.*SyntaxError.*app\.js:2/s,
  },
  'an app that throws while it loads': {
    files: { 'app.js': "throw new Error('no database');\n" },
    reason: /Reload failed.*no database/s,
  },
  'an app that never loads': {
    files: { 'app.js': 'await new Promise((resolve) => setTimeout(resolve, 1e6));\n' },
    reason: /Reload failed/,
  },
  'an unknown setting': {
    files: { 'tsgun.conf.toml': `${config}wrokers = 3\n` },
    reason: /Reload failed.*wrokers.*workers/s,
  },
  'a setting of the wrong type': {
    files: { 'tsgun.conf.toml': config.replace('workers = 2', 'workers = "many"') },
    reason: /Reload failed.*workers/s,
  },
};

for (const [what, { files, reason }] of Object.entries(breakages)) {
  test(`a reload with ${what} leaves the old code serving`, async (t) => {
    const dir = makeTempDir(t);
    writeFiles(dir, { 'app.js': helloApp('old'), 'tsgun.conf.toml': config });
    const tsgun = await startTsgun(t, ['-c', 'tsgun.conf.toml'], { cwd: dir });
    const clients = hammer(t, { target: { port: tsgun.port }, connections: 4, keepAlive: false });
    writeFiles(dir, files);
    tsgun.signal('SIGHUP');
    await tsgun.waitForLog(reason);
    assert.equal(tsgun.running, true);

    writeFiles(dir, { 'app.js': helloApp('new'), 'tsgun.conf.toml': config });
    tsgun.signal('SIGHUP');
    await tsgun.waitForLog(/Reload done/);
    assert.equal((await fetchOnce({ port: tsgun.port })).body, 'new');
    await clients.stop();
    assert.deepEqual(clients.failures, []);
    assert.deepEqual([...clients.bodies.keys()].sort(), ['new', 'old']);
    assert.equal(await tsgun.stop(), 0);
  });
}

test('a reload to a busy port leaves the old addresses serving', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port: busy } = other.address() as net.AddressInfo;
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('old'), 'tsgun.conf.toml': config });
  const tsgun = await startTsgun(t, ['-c', 'tsgun.conf.toml'], { cwd: dir });
  const bind = `bind = ["127.0.0.1:0", "unix:new.sock", "127.0.0.1:${busy}"]`;
  writeFiles(dir, { 'tsgun.conf.toml': config.replace(/^bind.*$/m, bind) });
  tsgun.signal('SIGHUP');
  await tsgun.waitForLog(new RegExp(`Reload failed.*127\\.0\\.0\\.1:${busy}.*EADDRINUSE`));
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'old');
  await assert.rejects(fetchOnce({ path: path.join(dir, 'new.sock') }), /ENOENT/);
});

test('a reload takes new addresses and gives up old ones without losing a request', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': helloApp('hello'),
    'tsgun.conf.toml': config.replace(/^bind.*$/m, 'bind = ["127.0.0.1:0", "unix:a.sock"]'),
  });
  const tsgun = await startTsgun(t, ['-c', 'tsgun.conf.toml'], { cwd: dir });
  const clients = hammer(t, { target: { port: tsgun.port }, connections: 4, keepAlive: true });
  writeFiles(dir, {
    'tsgun.conf.toml': config.replace(/^bind.*$/m, 'bind = ["127.0.0.1:0", "unix:b.sock"]'),
  });
  tsgun.signal('SIGHUP');
  await tsgun.waitForLog(/Reload done/);
  assert.equal((await fetchOnce({ path: path.join(dir, 'b.sock') })).body, 'hello');
  await assert.rejects(fetchOnce({ path: path.join(dir, 'a.sock') }), /ENOENT|ECONNREFUSED/);
  await clients.stop();
  assert.deepEqual(clients.failures, []);
});

test('a second reload supersedes a first one that is stuck', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': helloApp('old'),
    'tsgun.conf.toml': config.replace('boot_timeout = 2', 'boot_timeout = 60'),
  });
  const tsgun = await startTsgun(t, ['-c', 'tsgun.conf.toml'], { cwd: dir });
  writeFiles(dir, { 'app.js': 'await new Promise((resolve) => setTimeout(resolve, 1e6));\n' });
  tsgun.signal('SIGHUP');
  await tsgun.waitForLog(/Booting worker/, 3);
  writeFiles(dir, { 'app.js': helloApp('new') });
  tsgun.signal('SIGHUP');
  await tsgun.waitForLog(/superseded/);
  await tsgun.waitForLog(/Reload done/);
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'new');
  assert.equal(await tsgun.stop(), 0);
});
