import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { main, runTsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const isRoot = process.getuid?.() === 0;

interface BadStart {
  args: string[];
  files?: Record<string, string>;
  env?: Record<string, string>;
  code: number;
  says: RegExp[];
  rootOnly?: boolean;
}

const bad: Record<string, BadStart> = {
  'an unknown flag': {
    args: ['--wrokers', '2', 'app.js'],
    code: 2,
    says: [/--wrokers/, /--workers/],
  },
  'no app': { args: [], code: 78, says: [/app/i] },
  'every bad value at once': {
    args: ['--workers', 'many', '--timeout', '-3', '--backlog', '1.5', 'app.js'],
    env: { TSGUN_CMD_ARGS: '--keep-alive no' },
    files: { 'tsgun.conf.toml': 'loglvel = "info"\nthreads = "four"\n' },
    code: 78,
    says: [
      /--workers.*"many"/,
      /--timeout.*"-3"/,
      /--backlog.*"1\.5"/,
      /TSGUN_CMD_ARGS.*keepalive|keepalive.*TSGUN_CMD_ARGS|--keep-alive.*TSGUN_CMD_ARGS/,
      /tsgun\.conf\.toml:1.*loglvel.*loglevel/,
      /tsgun\.conf\.toml:2.*threads/,
    ],
  },
  'a config file that is not there': {
    args: ['-c', 'missing.toml', 'app.js'],
    code: 78,
    says: [/missing\.toml/, /no such file/],
  },
  'a config file with broken TOML': {
    args: ['-c', 'x.toml', 'app.js'],
    files: { 'x.toml': 'workers = 2\nbind = [1,,]\n' },
    code: 78,
    says: [/x\.toml:2:\d+/],
  },
  'a config file with broken JSON': {
    args: ['-c', 'x.json', 'app.js'],
    files: { 'x.json': '{\n  "workers": 2,\n  oops\n}' },
    code: 78,
    says: [/x\.json:3:\d+/],
  },
  'a config script that throws': {
    args: ['-c', 'x.ts', 'app.js'],
    files: { 'x.ts': "const a: number = 1;\nthrow new Error('bad ' + a);\n" },
    code: 78,
    says: [/x\.ts:2/, /bad 1/],
  },
  'a config script that never settles': {
    args: ['-c', 'x.mjs', 'app.js'],
    files: { 'x.mjs': 'await new Promise(() => {});\n' },
    code: 78,
    says: [/x\.mjs/],
  },
  'an address that makes no sense': {
    args: ['-b', '127.0.0.1:99999', '-b', 'unix:', 'app.js'],
    code: 78,
    says: [/127\.0\.0\.1:99999/, /unix:/],
  },
  'a pid file that cannot be written': {
    args: ['-p', '/proc/tsgun.pid', 'app.js'],
    code: 1,
    says: [/\/proc\/tsgun\.pid/],
  },
  'a log file that cannot be opened': {
    args: ['--error-logfile', 'no/such/dir/x.log', 'app.js'],
    code: 1,
    says: [/no\/such\/dir\/x\.log/, /ENOENT/],
  },
  'an access log that cannot be opened': {
    args: ['--access-logfile', 'no/such/dir/x.log', 'app.js'],
    code: 1,
    says: [/no\/such\/dir\/x\.log/, /ENOENT/],
  },
  'an unknown atom in the access log format': {
    args: ['--access-logfile', '-', '--access-logformat', '%(nope)s', 'app.js'],
    code: 78,
    says: [/nope/],
  },
  'a user that does not exist': {
    args: ['-u', 'nobody-of-that-name', 'app.js'],
    code: 1,
    says: [/nobody-of-that-name/],
  },
  'a group that does not exist': {
    args: ['-g', 'no-such-group', 'app.js'],
    code: 1,
    says: [/no-such-group/],
  },
  'a folder to change to that does not exist': {
    args: ['--chdir', 'nowhere', 'app.js'],
    code: 78,
    says: [/nowhere/],
  },
};

for (const [what, { args, files = {}, env = {}, code, says }] of Object.entries(bad)) {
  test(`${what} is a clear message and exit code ${code}, and leaves nothing behind`, async (t) => {
    const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp(), ...files });
    const before = readdirSync(dir);
    const bind = args.includes('-b') ? [] : ['-b', 'unix:app.sock'];
    const end = await runTsgun(t, [...bind, ...args], { cwd: dir, env });
    for (const pattern of says) assert.match(end.log, pattern);
    assert.doesNotMatch(end.log, /^\s+at .*dist\/src/m, 'no stack of our own');
    assert.equal(end.code, code);
    assert.deepEqual(readdirSync(dir), before);
  });
}

test('a busy port is retried, then a clear message and exit code 1', async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as net.AddressInfo;
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const end = await runTsgun(t, ['-b', `127.0.0.1:${port}`, 'app.js'], { cwd: dir });
  assert.equal(end.log.match(/Connection in use/g)?.length, 5);
  assert.match(end.log, new RegExp(`Cannot listen on "127.0.0.1:${port}": .*EADDRINUSE`));
  assert.equal(end.code, 1);
});

test('what is wrong with the settings is an error for the journal as well', (t) => {
  const journal = path.join(makeTempDir(t), 'journal');
  const fd = openSync(journal, 'w');
  t.after(() => closeSync(fd));
  const { dev, ino } = fstatSync(fd);
  const args = ['--workers', 'many', '--timeout', '-3', 'app.js'];
  const { status } = spawnSync(process.execPath, [main, ...args], {
    env: { JOURNAL_STREAM: `${dev}:${ino}` },
    stdio: ['ignore', 'ignore', fd],
    timeout: 20_000,
  });
  assert.equal(status, 78);
  assert.match(readFileSync(journal, 'utf8'), /^(<3>tsgun: .+\n){2,}$/);
});

test('a config file that others can write is refused as root', {
  skip: !isRoot && 'needs root',
}, async (t) => {
  const files = { 'app.js': helloApp(), 'x.toml': 'workers = 1\n' };
  const dir = writeFiles(makeTempDir(t), files);
  chmodSync(path.join(dir, 'x.toml'), 0o666);
  const args = ['-b', 'unix:app.sock', '-c', 'x.toml', 'app.js'];
  const writable = await runTsgun(t, args, { cwd: dir });
  assert.match(writable.log, /x\.toml/);
  assert.match(writable.log, /writ/);
  assert.equal(writable.code, 78);

  chmodSync(path.join(dir, 'x.toml'), 0o644);
  chownSync(path.join(dir, 'x.toml'), 65534, 65534);
  const foreign = await runTsgun(t, args, { cwd: dir });
  assert.equal(foreign.code, 78);
});
