import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { silence, startFake } from '../helpers/fake-instance.ts';
import { ctlMain, runCtl } from '../helpers/run-ctl.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('tsgunctl finds the only instance by itself, and asks when there are more', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  const none = await runCtl(t, ['ping'], env);
  assert.equal(none.code, 3);
  assert.match(none.stderr, /^tsgunctl: No instance is running/);
  await startFake(t, dir, 'web');
  assert.equal((await runCtl(t, ['ping'], env)).code, 0);
  await startFake(t, dir, 'api');
  const both = await runCtl(t, ['ping'], env);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /several instances run, choose one with -i: api, web\n/);
  const api = await runCtl(t, ['ping', '-i', 'api', '-o', 'json'], env);
  assert.equal(JSON.parse(api.stdout).instance, 'api');
});

test('instances of the system and of the user are both seen', async (t) => {
  const dir = makeTempDir(t);
  const own = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir, XDG_RUNTIME_DIR: own };
  mkdirSync(path.join(own, 'tsgun'));
  await startFake(t, path.join(own, 'tsgun'), 'mine');
  assert.equal((await runCtl(t, ['ping'], env)).code, 0);
  await startFake(t, dir, 'mine');
  const twice = await runCtl(t, ['ping'], env);
  assert.match(twice.stderr, /choose one with -s: .*mine\/control\.sock, .*mine\/control\.sock/);
  assert.equal((await runCtl(t, ['-i', 'mine', 'ping'], env)).code, 0);
});

test('-s, TSGUN_SOCKET and -i name an instance, and the command line wins', async (t) => {
  const dir = makeTempDir(t);
  const web = await startFake(t, dir, 'web');
  const api = await startFake(t, dir, 'api');
  const env = { TSGUN_RUN_DIR: '/nonexistent', TSGUN_SOCKET: web.socketPath };
  const nameOf = async (...args: string[]) =>
    JSON.parse((await runCtl(t, ['ping', '-o', 'json', ...args], env)).stdout).instance;
  assert.equal(await nameOf(), 'web');
  assert.equal(await nameOf('-s', api.socketPath), 'api');
  const inDir = { ...env, TSGUN_RUN_DIR: dir };
  const named = await runCtl(t, ['ping', '-i', 'api', '-o', 'json'], inDir);
  assert.equal(JSON.parse(named.stdout).instance, 'api');
  assert.equal((await runCtl(t, ['ping', '-s', path.join(dir, 'x')], env)).code, 3);
});

test('a name that is not there is reported with those that are', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  await startFake(t, dir, 'web');
  const { code, stderr } = await runCtl(t, ['-i', 'wep', 'status'], env);
  assert.equal(code, 3);
  assert.match(
    stderr,
    /^tsgunctl: Instance "wep" is not running: no socket in .*, there are: web\n/,
  );
  for (const name of ['../web', 'a/b', '..', '.']) {
    assert.equal((await runCtl(t, ['-i', name, 'status'], env)).code, 2, name);
  }
});

test('a stale socket is no instance, and list shows it as what it is', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  await startFake(t, dir, 'web');
  await startFake(t, dir, 'stuck', { status: silence });
  await leaveStaleSocket(path.join(dir, 'dead'));
  mkdirSync(path.join(dir, 'empty'));
  const list = await runCtl(
    t,
    ['list', '--timeout', '300ms', '--fields', 'name,state,workers'],
    env,
  );
  assert.equal(list.code, 0);
  assert.deepEqual(
    list.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['INSTANCE', 'STATE', 'WORKERS'],
      ['dead', 'stale', '-'],
      ['stuck', 'silent', '-'],
      ['web', 'serving', '4/4'],
    ],
  );
  const dead = await runCtl(t, ['-i', 'dead', 'ping'], env);
  assert.equal(dead.code, 3);
  assert.match(dead.stderr, /nothing listens on its socket/);
});

test('a socket that is not for this user is denied', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can become somebody else');
  const dir = makeTempDir(t);
  const { socketPath } = await startFake(t, dir, 'web');
  chmodSync(socketPath, 0o600);
  for (const args of [['ping'], ['-i', 'web', 'ping'], ['-s', socketPath, 'ping']]) {
    const { code, stderr } = await runAsNobody(args, { TSGUN_RUN_DIR: dir });
    assert.equal(code, 4, stderr);
    assert.match(stderr, /permission denied/);
  }
});

const runAsNobody = (args: readonly string[], env: Record<string, string>) =>
  new Promise<{ code: number | null; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [ctlMain, ...args],
      { uid: 65_534, gid: 65_534, env },
      (_error, _stdout, stderr) => resolve({ code: child.exitCode, stderr }),
    );
  });

/** As a killed arbiter leaves it: Node removes the file only when it closes the server itself. */
function leaveStaleSocket(folder: string): Promise<void> {
  mkdirSync(folder);
  const socketPath = path.join(folder, 'control.sock');
  return new Promise((resolve) => {
    const server = createServer().listen(`${socketPath}.tmp`, () => {
      renameSync(`${socketPath}.tmp`, socketPath);
      server.close(() => resolve());
    });
  });
}
