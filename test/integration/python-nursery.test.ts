import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../helpers/control.ts';
import { childrenOf, isAlive } from '../helpers/processes.ts';
import { needsPython } from '../helpers/python.ts';
import { startTsgunPython } from '../helpers/python-server.ts';
import { get } from '../helpers/raw-request.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const skip = needsPython();

const hello = `
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
`;

async function start(t: TestContext, text: string, ...ours: string[]) {
  const chdir = writeFiles(makeTempDir(t), { 'app.py': text });
  const tsgun = await startTsgunPython(t, 'asgi', 'app:app', {
    chdir,
    ours: ['--preload-app', ...ours],
    waitUntilReady: false,
  });
  /** Workers and the nursery: all of them are Python. */
  const pythons = () =>
    childrenOf(tsgun.pid).filter((pid) => isAlive(pid) && /tsgun_python$/.test(commandOf(pid)));
  const workers = () =>
    pythons().filter((pid) => tsgun.log.includes(`Booting worker with pid: ${pid}`));
  const nursery = () => pythons().filter((pid) => !workers().includes(pid));
  return { chdir, tsgun, pythons, workers, nursery };
}

const commandOf = (pid: number) =>
  readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();

/** What a process has of the memory: what it shares is counted by the share. */
function pssOf(pid: number): number {
  const [, kib = '0'] =
    /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

const total = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + pssOf(pid), 0);

test('eight preloaded workers share the memory of the app', { skip }, async (t) => {
  const big = `DATA = bytes(100 * 2**20).replace(b"\\0", b"x")\n${hello}`;
  const alone = await start(t, big, '--no-preload-app');
  await alone.tsgun.waitForLog(/Ready: 1 of 1/);
  const shared = await start(t, big, '-w', '8');
  await shared.tsgun.waitForLog(/Ready: 8 of 8/);
  const target = { port: shared.tsgun.port };
  for (let n = 0; n < 50; n += 1) assert.equal((await get(target, '/')).body, 'hello');
  assert.equal(shared.pythons().length, 9);
  const [one, eight] = [alone, shared].map(({ pythons }) => total(pythons()) / 2 ** 20);
  assert.ok(Number(eight) < 1.5 * Number(one), `${eight} MiB, alone ${one} MiB`);
});

test('workers outlive their nursery, and the next one is forked from another', {
  skip,
}, async (t) => {
  const { tsgun, nursery, workers } = await start(t, hello, '-w', '2');
  await tsgun.waitForLog(/Ready: 2 of 2/);
  const before = workers();
  const [first = 0] = nursery();
  process.kill(first, 'SIGKILL');
  await waitFor('the end of the nursery', () => nursery().length === 0);
  assert.equal((await get({ port: tsgun.port }, '/')).body, 'hello');
  assert.deepEqual(workers(), before);
  const control = await connectControl(t, tsgun);
  await control.call('scale', { workers: '+1' });
  assert.equal(workers().length, 3);
  assert.equal(nursery().length, 1);
  assert.equal(await tsgun.stop(), 0);
});

test('a preloaded worker that is killed is replaced', { skip }, async (t) => {
  const { tsgun, workers } = await start(t, hello, '-w', '2');
  await tsgun.waitForLog(/Ready: 2 of 2/);
  const [victim = 0] = workers();
  process.kill(victim, 'SIGKILL');
  await tsgun.waitForLog(new RegExp(`pid:${victim}\\) was sent SIGKILL`));
  await waitFor('another', () => workers().length === 2 && !workers().includes(victim));
});

test('nobody outlives an arbiter that is killed', { skip }, async (t) => {
  const { tsgun, pythons } = await start(t, hello, '-w', '3');
  await tsgun.waitForLog(/Ready: 3 of 3/);
  const all = pythons();
  assert.equal(all.length, 4);
  tsgun.signal('SIGKILL');
  await tsgun.exited;
  await waitFor('the end of all', () => !all.some(isAlive));
});

test('the stack of a hung import is in the log, and it is ended', { skip }, async (t) => {
  const hanging =
    'import time\ndef wait_for_database():\n    time.sleep(60)\nwait_for_database()\n';
  const { tsgun, pythons } = await start(t, hanging, '-w', '2', '--boot-timeout', '1');
  await tsgun.waitForLog(/app\.py", line 3 in wait_for_database/);
  assert.equal((await tsgun.exited).code, 3);
  assert.deepEqual(pythons(), []);
});

test('a reload ends the nursery of the old code', { skip }, async (t) => {
  const { chdir, tsgun, nursery, workers } = await start(t, hello, '-w', '2');
  await tsgun.waitForLog(/Ready: 2 of 2/);
  const [old = 0] = nursery();
  writeFiles(chdir, { 'app.py': hello.replace('b"hello"', 'b"later"') });
  const control = await connectControl(t, tsgun);
  await control.call('reload', {});
  await waitFor('the end of the old nursery', () => !isAlive(old));
  assert.equal((await get({ port: tsgun.port }, '/')).body, 'later');
  assert.equal(workers().length, 2);
  assert.equal(nursery().length, 1);
});

test('threads that an import starts are named, because no worker has them', { skip }, async (t) => {
  const threads = `import threading, time\nthreading.Thread(target=time.sleep, args=(60,), name="pump", daemon=True).start()\n${hello}`;
  const { tsgun } = await start(t, threads);
  await tsgun.waitForLog(/Ready: 1 of 1/);
  assert.match(tsgun.log, /WARNING\] preload_app: the app has started threads \(pump\)/);
});

test('an app that does not want to hear of its children can be preloaded', { skip }, async (t) => {
  const deaf = `import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n${hello}`;
  const { tsgun } = await start(t, deaf, '-w', '2');
  await tsgun.waitForLog(/Ready: 2 of 2/);
  assert.equal((await get({ port: tsgun.port }, '/')).body, 'hello');
});

test('orphans of a worker are buried', { skip }, async (t) => {
  const leaving = `import os, subprocess
subprocess.run(["sh", "-c", "sleep 0.1 & echo $! > orphan"], check=True)
${hello}`;
  const { chdir, tsgun } = await start(t, leaving);
  await tsgun.waitForLog(/Ready: 1 of 1/);
  const orphan = Number(readFileSync(`${chdir}/orphan`, 'utf8'));
  await waitFor('its burial', () => !existsSync(`/proc/${orphan}`));
});
