import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl, connectTo, controlPath } from '../helpers/control.ts';
import { isAlive } from '../helpers/processes.ts';
import { main, startTsgun, type Tsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

/** Upgrades and connects to the new program, which the test ends by its pid. */
async function upgrade(t: TestContext, old: Tsgun, control: ControlClient): Promise<ControlClient> {
  const { to } = await control.call('upgrade', {});
  t.after(async () => {
    if (isAlive(to)) process.kill(to, 'SIGKILL');
    await waitFor('the new program to be gone', () => !isAlive(to));
  });
  await old.exited;
  return waitFor('the new program to answer', () =>
    connectTo(t, controlPath(old)).catch(() => null),
  );
}

test('what an operator has paused and held stays so through upgrades', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd });
  const first = await connectControl(t, tsgun);
  await first.call('pause', {});
  await first.call('hold', {});
  const waiting = fetchOnce({ port: tsgun.port });
  let answered = false;
  void waiting.then(() => (answered = true));

  const second = await upgrade(t, tsgun, first);
  const { paused, held, workers } = await second.call('status', {});
  assert.deepEqual([paused, held, workers.ready, answered], [true, true, 2, false]);
  await second.call('unpause', {});
  assert.equal((await waiting).status, 200);
  await second.call('resume', {});
  const third = await upgrade(t, tsgun, second);
  const after = await third.call('status', {});
  assert.deepEqual([after.paused, after.held], [false, false]);
  await third.call('stop', {});
});

test('what is paused while the new program starts is paused in it too', async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.js': `await new Promise((resolve) => setTimeout(resolve, 500));\n${helloApp()}`,
  });
  const tsgun = await startTsgun(t, ['-w', '1', 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  const upgraded = upgrade(t, tsgun, control);
  await tsgun.waitForLog(/Booting worker/, 2);
  await control.call('pause', {});
  const next = await upgraded;
  assert.equal((await next.call('status', {})).paused, true);
  await next.call('stop', {});
});

test('a new program whose old one has died before they met does not start on its own', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const old = spawnSync('true').pid;
  const child = spawn(process.execPath, [main, '-b', '127.0.0.1:0', 'app.js'], {
    cwd,
    env: { TSGUN_UPGRADE_FROM: String(old), TSGUN_RUN_DIR: path.join(cwd, 'run') },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert.match(said, new RegExp(`Cannot succeed pid ${old}: it has ended`));
  assert.doesNotMatch(said, /Listening at/);
});

test('marks of an upgrade that stray into the environment mean nothing', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const env = { TSGUN_UPGRADE_FROM: '1', TSGUN_UPGRADE_SWITCHES: 'no JSON' };
  const tsgun = await startTsgun(t, ['app.js'], { cwd, env });
  assert.equal((await fetchOnce({ port: tsgun.port })).status, 200);
  assert.equal(await tsgun.stop(), 0);
});
