import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { main, startTsgun, Tsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

const wsgi = `
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "11")])
    return [b"hello Paula"]
`;

async function runInit(t: TestContext, args: readonly string[], cwd: string) {
  const tsgun = new Tsgun(['init', ...args], cwd, {});
  t.after(() => tsgun.end());
  const { code } = await tsgun.exited;
  return { code, log: tsgun.log, stdout: tsgun.stdout };
}

async function initIn(t: TestContext, files: Record<string, string>, ...args: string[]) {
  const dir = writeFiles(makeTempDir(t), files);
  const end = await runInit(t, ['shop', ...args, '-o', 'etc.toml'], dir);
  return { ...end, dir, read: () => readFileSync(path.join(dir, 'etc.toml'), 'utf8') };
}

for (const [what, files, body] of [
  ['a Node.js app', { 'server.js': helloApp('hello Nora') }, 'hello Nora'],
  ['a plain WSGI app', { 'shop/__init__.py': '', 'shop/web.py': wsgi }, 'hello Paula'],
] as const) {
  test(`tsgun serves by what init wrote for ${what}`, async (t) => {
    const { code, stdout, log, read, dir } = await initIn(t, files, '-w', '2');
    assert.equal(code, 0, log);
    assert.match(stdout, new RegExp(`^Found ${what} in ${dir} \\(`));
    assert.match(stdout, /Wrote .*etc\.toml: 2 workers at http:\/\/127\.0\.0\.1:8\d\d\d\n/);
    assert.match(stdout, /systemctl enable --now tsgun@shop .*\n.*tsgunctl -i shop status/);
    assert.match(read(), /^accesslog = "\/var\/log\/tsgun\/shop\/access\.log"$/m);
    const own = ['--bind', '127.0.0.1:0', '--accesslog', 'access.log'];
    const tsgun = await startTsgun(t, ['-c', 'etc.toml', ...own], { cwd: dir });
    assert.equal((await fetchOnce({ port: tsgun.port })).body, body);
    assert.equal(await tsgun.stop(), 0);
  });
}

test('init tells to start the socket of an app that systemd listens for', async (t) => {
  const { stdout } = await initIn(t, { 'server.js': helloApp() }, '-b', 'fd://listen');
  assert.match(stdout, /systemctl enable --now tsgun@shop\.socket +# lets systemd listen/);
});

test('init writes where everybody may read, once, and leaves nothing else behind', async (t) => {
  const { dir, read } = await initIn(t, { 'server.js': helloApp() });
  const before = read();
  assert.equal(statSync(path.join(dir, 'etc.toml')).mode & 0o777, 0o644);
  const again = await runInit(t, ['shop', '-w', '9', '-o', 'etc.toml'], dir);
  assert.equal(again.code, 1);
  assert.match(again.log, /^tsgun: ".*etc\.toml" is there already, --force replaces it$/m);
  assert.equal(read(), before);
  const forced = await runInit(t, ['shop', '-w', '9', '-o', 'etc.toml', '--force'], dir);
  assert.equal(forced.code, 0, forced.log);
  assert.match(read(), /^workers = 9$/m);
  assert.equal(/^bind = .*$/m.exec(read())?.[0], /^bind = .*$/m.exec(before)?.[0]);
  assert.deepEqual(readdirSync(dir).sort(), ['etc.toml', 'server.js']);
});

test('of two at once only one writes', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'server.js': helloApp() });
  const args = ['shop', '-o', 'etc.toml'];
  const ends = await Promise.all([1, 2, 3].map(() => runInit(t, args, dir)));
  assert.deepEqual(ends.map(({ code }) => code).sort(), [0, 1, 1]);
  assert.deepEqual(readdirSync(dir).sort(), ['etc.toml', 'server.js']);
});

test('init - prints only the configuration on standard output', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'server.js': helloApp() });
  const { code, stdout, log } = await runInit(t, ['shop', '-o', '-'], dir);
  assert.equal(code, 0);
  assert.match(stdout, /^# Instance "shop" of tsgun: a Node\.js app \(server\.js: .*\n/);
  assert.match(log, /^Found a Node\.js app in /);
  assert.deepEqual(readdirSync(dir), ['server.js']);
});

test('init puts the Python of a virtual environment into the configuration', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'shop/src/web.py': wsgi,
    'shop/.venv/pyvenv.cfg': '',
    'shop/.venv/lib/x.py': wsgi,
  });
  mkdirSync(path.join(dir, 'shop/.venv/bin'));
  symlinkSync('/usr/bin/python3', path.join(dir, 'shop/.venv/bin/python'));
  const { code, stdout, log } = await runInit(t, ['shop', '-a', 'shop', '-o', 'etc.toml'], dir);
  assert.equal(code, 0, log);
  assert.match(stdout, /^It runs with .*\/shop\/\.venv\/bin\/python$/m);
  const text = readFileSync(path.join(dir, 'etc.toml'), 'utf8');
  assert.match(text, /^python = "\.venv\/bin\/python"$/m);
  assert.match(text, /^pythonpath = \["src"\]$/m);
});

test('init says which of two languages is meant where names do not', async (t) => {
  const { code, log, read } = await initIn(
    t,
    { 'app.js': 'export const x = 1;', 'app.py': wsgi },
    '--app',
    'app.py',
  );
  assert.equal(code, 0, log);
  assert.match(read(), /^worker_class = "sync"$/m);
});

test('init writes nothing that tsgun would refuse, and runs nothing', async (t) => {
  const files = { 'app.py': `open("ran", "w")\n${wsgi}` };
  const gone = await initIn(t, files, '--python', './no-python');
  assert.equal(gone.code, 1);
  assert.match(gone.log, /^tsgun: Wrote nothing, for it would not work:\ntsgun: .*no-python/);
  assert.deepEqual(readdirSync(gone.dir), ['app.py']);
  const typo = await initIn(t, files, '--app', 'ap:app', '--chdir', '.');
  assert.equal(typo.code, 1);
  assert.match(typo.log, /tsgun: Cannot find the app "ap:app"/);
  const { code, dir } = await initIn(t, files);
  assert.equal(code, 0);
  assert.deepEqual(readdirSync(dir).sort(), ['app.py', 'etc.toml']);
});

test('init refuses what makes no sense before it looks at anything', async (t) => {
  for (const args of [['a/b'], ['x', '-w', 'no'], ['x', '-b', ':99999'], ['x', '-a', 'gone'], []]) {
    const { code, log } = await runInit(t, [...args, '-o', '-'], makeTempDir(t));
    assert.equal(code, 2, log);
    assert.match(log, /^tsgun: init: /);
  }
});

test('init says that the folder is not for us to write to', rootOnly, async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'server.js': helloApp() });
  const args = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, main];
  const run = promisify(execFile)('setpriv', [...args, 'init', 'x', '-o', 'x.toml'], { cwd: dir });
  await assert.rejects(run, (error: Error & { code?: number; stderr?: string }) => {
    assert.equal(error.code, 1);
    assert.match(
      error.stderr ?? '',
      /Cannot write ".*x\.toml": permission denied \(EACCES\), run this as root/,
    );
    return true;
  });
});

test(
  'init writes to /etc/tsgun by itself, and warns of what the service cannot read',
  rootOnly,
  async (t) => {
    const dir = writeFiles(makeTempDir(t), { 'app/server.js': helloApp() });
    chmodSync(path.join(dir, 'app'), 0o700);
    // An /etc of its own, which goes with the process.
    const script =
      'mount -t tmpfs none /etc && "$@" && cat /etc/tsgun/shop.toml && stat -c %a /etc/tsgun';
    const { stdout, stderr } = await promisify(execFile)('unshare', [
      ...['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'],
      ...[process.execPath, main, 'init', 'shop', '--app', path.join(dir, 'app')],
    ]);
    assert.match(stdout, /^Wrote \/etc\/tsgun\/shop\.toml: /m);
    assert.doesNotMatch(stdout, /install -m/);
    assert.match(stdout, /^app = "server\.js"$/m);
    assert.match(stdout, /\n755\n$/);
    assert.match(
      stderr,
      /^tsgun: warning: The user "tsgun" cannot enter ".*\/app" \(mode 700 of /m,
    );
    assert.match(stderr, /^tsgun: warning: .* is not there for the service/m);
  },
);

test('an app that is called init is still an app', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'init.js': helloApp('init'), 'init.py': wsgi });
  const tsgun = await startTsgun(t, ['./init.js'], { cwd: dir });
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'init');
});
