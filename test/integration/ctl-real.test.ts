import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { isAlive } from '../helpers/processes.ts';
import { type CtlEnd, runCtl, startCtl } from '../helpers/run-ctl.ts';
import { startTsgun, type Tsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

interface Instance {
  tsgun: Tsgun;
  app: string;
  ctl(...args: string[]): Promise<CtlEnd>;
  json(...args: string[]): Promise<Record<string, unknown>>;
  env: Record<string, string>;
}

/** The real daemon, where the real client finds it. */
async function startInstance(t: TestContext, ...args: string[]): Promise<Instance> {
  const runDir = makeTempDir(t);
  mkdirSync(path.join(runDir, 'web'));
  const socket = path.join(runDir, 'web/control.sock');
  const app = writeFiles(makeTempDir(t), { 'app.mjs': helloApp('hello') });
  const words = ['-w', '2', '--control-socket', socket, ...args, path.join(app, 'app.mjs')];
  const tsgun = await startTsgun(t, words);
  const env = { TSGUN_RUN_DIR: runDir };
  await waitFor('the control socket', async () => (await runCtl(t, ['ping'], env)).code === 0);
  const ctl = (...words: string[]) => runCtl(t, words, env);
  const json = async (...words: string[]) => {
    const { stdout, stderr } = await ctl('-o', 'json', ...words);
    assert.equal(stderr, '');
    return JSON.parse(stdout);
  };
  return { tsgun, app, ctl, json, env };
}

test('tsgunctl looks at a real instance', async (t) => {
  const { tsgun, ctl, json } = await startInstance(t);
  for (const verb of ['status', 'workers', 'requests', 'listeners', 'stats', 'why', 'config']) {
    const { code, stdout, stderr } = await ctl(verb);
    assert.deepEqual([verb, code, stderr], [verb, 0, '']);
    assert.ok(!stdout.startsWith('{'), 'it has a form of its own');
    assert.doesNotMatch(stdout, /undefined|NaN|\[object/);
  }
  const status = await json('status');
  assert.equal(status['instance'], 'web');
  assert.equal((await ctl('status', '--field', 'pid')).stdout, `${tsgun.pid}\n`);
  assert.equal((await ctl('status', '--field', 'workers.ready')).stdout, '2\n');
  assert.equal((await ctl('config', 'workers', '--field', 'value')).stdout, '2\n');
  assert.equal((await ctl('config-check')).code, 0);
  assert.equal((await ctl('config', 'diff')).code, 0);
  assert.equal((await ctl('call', 'rpc.discover', '--field', 'openrpc')).code, 0);
  assert.match((await ctl('list')).stdout, /^web +serving +1 +2\/2/m);
});

test('tsgunctl changes a real instance and tells the outcome', async (t) => {
  const { ctl, json, app } = await startInstance(t);
  assert.match((await ctl('scale', '-1')).stdout, /^Workers: 2 -> 1\n/);
  assert.match((await ctl('incr')).stdout, /^Workers: 1 -> 2\n/);
  assert.match((await ctl('scale', '2')).stdout, /^Workers: 2, as before\n/);
  assert.equal((await ctl('reload', '--if-generation', '9')).code, 6);
  assert.match((await ctl('reload', '--prove')).stdout, /^Generation 2 serves/);
  const { op, data } = await json('reload', '--confirm-within', '1m');
  assert.ok(Number(op) > 0);
  assert.equal((data as { outcome: string }).outcome, 'confirming');
  assert.equal((await ctl('rollback')).stdout.split('\n')[0], 'Generation 2 serves');
  assert.equal((await ctl('confirm')).code, 6);
  assert.match((await ctl('drain', '1')).stdout, /^worker 1 /);
  assert.match((await ctl('undrain', '1')).stdout, /^worker 1 /);
  assert.equal((await ctl('dump', '0')).code, 0);
  assert.equal((await ctl('dump', '77')).code !== 0, true);
  writeFiles(app, { 'app.mjs': 'throw new Error("no such luck");\n' });
  const failed = await ctl('reload');
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /^tsgunctl: .*generation 2 serves.*no such luck/);
  assert.equal((await ctl('wait', 'healthy', '--timeout', '20s')).code, 0);
});

test('tsgunctl leaves, joins and follows a real operation', async (t) => {
  const { ctl, json, env, app } = await startInstance(t);
  const events = startCtl(t, ['events', '-f'], env);
  await events.waitForOutput(/serving/);
  const slow = `await new Promise((done) => setTimeout(done, 1500));\n${helloApp('slow')}`;
  writeFiles(app, { 'app.mjs': slow });
  const { stdout, code } = await ctl('reload', '--no-wait');
  assert.deepEqual([code, /^op:\d+\n$/.test(stdout)], [0, true]);
  const op = stdout.trim();
  assert.equal((await ctl('wait', op, '--timeout', '100ms')).code, 5);
  const joined = await json('wait', op);
  assert.deepEqual([joined['ok'], `op:${joined['op']}`], [true, op]);
  assert.equal((joined['data'] as { outcome: string }).outcome, 'done');
  await events.waitForOutput(/reload-done/);
  events.process.kill('SIGINT');
  assert.equal((await events.ended).code, 130);
});

test('tsgunctl upgrades and stops a real instance', async (t) => {
  const { ctl, env, tsgun } = await startInstance(t);
  const follower = startCtl(t, ['events', '-f', '-n', '0'], env);
  await waitFor('the follower', async () => {
    const { stdout } = await ctl('stats', '--field', 'control.subscribers');
    return stdout === '1\n';
  });
  const { data } = JSON.parse((await ctl('upgrade', '-o', 'json')).stdout);
  t.after(() => endSuccessor(data.to));
  assert.equal(data.from, tsgun.pid);
  await follower.waitForOutput(/-- the instance was restarted --/);
  await follower.waitForOutput(/ serving /);
  assert.equal((await ctl('status', '--field', 'pid')).stdout, `${data.to}\n`);
  const waiting = startCtl(t, ['-i', 'web', 'wait', 'stopped'], env);
  assert.equal((await ctl('stop')).code, 0);
  assert.equal((await waiting.ended).code, 0);
  assert.equal((await ctl('status')).code, 3);
});

/** It is no child of the test, and holds what the test waits for. */
async function endSuccessor(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid);
  await waitFor('the successor to be gone', () => !isAlive(pid));
}
