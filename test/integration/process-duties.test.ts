import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isAlive, titleOf } from '../helpers/processes.ts';
import { runTsgun, startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

test('daemon returns when the workers are ready, and leaves a daemon behind', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const pidFile = path.join(dir, 'tsgun.pid');
  const args = ['-D', '-b', 'unix:app.sock', '-p', pidFile, '--error-logfile', 'error.log'];
  const { code } = await runTsgun(t, [...args, 'app.js'], { cwd: dir });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.after(async () => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await waitFor('the daemon to be gone', () => !isAlive(pid));
  });
  assert.equal(code, 0);
  assert.equal((await fetchOnce({ path: path.join(dir, 'app.sock') })).body, 'hello');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  assert.equal(Number(stat[3]), pid, 'in a session of its own');

  const second = await runTsgun(t, [...args, 'app.js'], { cwd: dir });
  assert.equal(second.code, 1);
  assert.match(second.log, /Already running|already/i);
  assert.equal((await fetchOnce({ path: path.join(dir, 'app.sock') })).body, 'hello');

  process.kill(pid, 'SIGTERM');
  await waitFor('the daemon to end', () => !isAlive(pid));
});

test('daemon with an app that cannot be loaded exits with its code and its message', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': 'throw new Error("no luck");' });
  const args = ['-D', '-b', 'unix:app.sock', '--error-logfile', 'error.log', 'app.js'];
  const end = await runTsgun(t, args, { cwd: dir });
  assert.equal(end.code, 4);
  assert.match(end.log, /no luck/);
});

test('the pid file is ours while we live, and stale or foreign ones are ignored', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const pidFile = path.join(dir, 'tsgun.pid');
  // Process 1 lives, but it is not a tsgun.
  for (const stale of ['1\n', '4194303\n', 'garbage', '']) {
    writeFileSync(pidFile, stale);
    const tsgun = await startTsgun(t, ['-p', pidFile, 'app.js'], { cwd: dir });
    assert.equal(readFileSync(pidFile, 'utf8').trim(), String(tsgun.pid));
    assert.equal(await tsgun.stop(), 0);
    assert.throws(() => statSync(pidFile), /ENOENT/);
  }
});

test('a pid file of a living tsgun is respected', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-p', 'tsgun.pid', 'app.js'], { cwd: dir });
  const second = await runTsgun(t, ['-b', '127.0.0.1:0', '-p', 'tsgun.pid', 'app.js'], {
    cwd: dir,
  });
  assert.equal(second.code, 1);
  assert.match(second.log, new RegExp(`${tsgun.pid}`));
  assert.equal(await tsgun.stop(), 0);
});

test('arbiter and workers show name, slot and state in ps', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-w', '2', '-n', 'shop', 'app.js'], { cwd: dir });
  assert.match(titleOf(tsgun.pid), /^tsgun: arbiter \[shop\]/);
  const titles = tsgun.workers().map(titleOf).sort();
  assert.deepEqual(titles, ['tsgun: worker 0 [shop] ready', 'tsgun: worker 1 [shop] ready']);
});

test('workers get raw_env and chdir and nothing of ours', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'sub/app.js': `export default (req, res) =>
      res.end(JSON.stringify({ cwd: process.cwd(), env: process.env, execArgv: process.execArgv }));`,
  });
  const env = { TSGUN_CMD_ARGS: '--env QUOTED="a b" -e A=1 -e B=x=y', KEPT: 'yes' };
  const args = ['--chdir', 'sub', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir, env });
  const seen = JSON.parse((await fetchOnce({ port: tsgun.port })).body);
  assert.equal(seen.cwd, path.join(dir, 'sub'));
  assert.equal(seen.env.A, '1');
  assert.equal(seen.env.B, 'x=y');
  assert.equal(seen.env.QUOTED, 'a b');
  assert.equal(seen.env.KEPT, 'yes');
  assert.deepEqual(
    Object.keys(seen.env).filter((name) => /TSGUN|LISTEN|NODE_/.test(name)),
    ['TSGUN_WORKER_SLOT'],
  );
});

const identity = `
  import { readFileSync } from 'node:fs';
  export default (req, res) => res.end(readFileSync('/proc/self/status', 'utf8'));
`;
const field = (status: string, name: string) =>
  new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)?.[1]?.replaceAll('\t', ' ');

test('user and group are taken on and supplementary groups dropped', rootOnly, async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': identity });
  const access = path.join(dir, 'access.log');
  const args = [
    '-u',
    'nobody',
    '-g',
    'www-data',
    '--access-logfile',
    access,
    '-m',
    '027',
    'app.js',
  ];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  const status = (await fetchOnce({ port: tsgun.port })).body;
  assert.equal(field(status, 'Uid'), '65534 65534 65534 65534');
  assert.equal(field(status, 'Gid'), '33 33 33 33');
  assert.equal(field(status, 'Groups'), '');
  assert.equal(field(status, 'Umask'), '0027');
  assert.equal(statSync(access).uid, 65534);
  assert.equal(await tsgun.stop(), 0);
  assert.match(readFileSync(access, 'utf8'), /"GET \/ HTTP\/1\.1" 200/);
});

test('initgroups takes the groups of the user on', rootOnly, async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': identity });
  const args = ['-u', 'nobody', '--initgroups', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  const status = (await fetchOnce({ port: tsgun.port })).body;
  assert.equal(field(status, 'Groups'), '65534');
});

test('a worker that lost its privileges dies with its arbiter', rootOnly, async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-u', 'nobody', '-w', '2', 'app.js'], { cwd: dir });
  const workers = tsgun.workers();
  assert.equal(workers.length, 2);
  tsgun.signal('SIGKILL');
  await waitFor('the workers to be gone', () => !workers.some(isAlive));
});

test('--check-config loads settings and app and says whether they are good', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'good.js': helloApp(),
    'bad.js': 'throw new Error("no luck");',
  });
  const good = await runTsgun(t, ['--check-config', 'good.js'], { cwd: dir });
  assert.equal(good.code, 0, good.log);
  const bad = await runTsgun(t, ['--check-config', 'bad.js'], { cwd: dir });
  assert.equal(bad.code, 1);
  assert.match(bad.log, /no luck/);
  const settings = await runTsgun(t, ['--check-config', '-w', 'x', 'good.js'], { cwd: dir });
  assert.equal(settings.code, 1);
});

test('--print-config shows every value and where it comes from', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'tsgun.conf.toml': 'workers = 3\ntimeout = 7\n' });
  const env = { WEB_CONCURRENCY: '9', TSGUN_CMD_ARGS: '--backlog 99' };
  const args = ['--print-config', '--timeout', '8', 'app.js'];
  const { code, stdout } = await runTsgun(t, args, { cwd: dir, env });
  assert.equal(code, 0);
  assert.match(stdout, /^workers += 3 +# .*tsgun\.conf\.toml:1/m);
  assert.match(stdout, /^timeout += 8 +# .*--timeout/m);
  assert.match(stdout, /^backlog += 99 +# TSGUN_CMD_ARGS/m);
  assert.match(stdout, /^graceful_timeout += 30 +# default/m);
});

test('--spew says which trace it gives and names the functions of the app', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js':
      'function greet() { return "hello"; }\nexport default (req, res) => res.end(greet());\n',
  });
  const tsgun = await startTsgun(t, ['--spew', 'app.js'], { cwd: dir });
  await fetchOnce({ port: tsgun.port });
  await tsgun.waitForLog(/spew: .*app\.js:1.*greet/);
});

test('threads sizes the pool of a worker, and capture_output can leave its output alone', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': `console.log('pool of ' + process.env.UV_THREADPOOL_SIZE);
      export default (req, res) => res.end();`,
  });
  const args = ['--threads', '3', '--no-capture-output', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  await waitFor('the output', () => /^pool of 3$/m.test(tsgun.stdout));
  assert.doesNotMatch(tsgun.log, /pool of/);
});
