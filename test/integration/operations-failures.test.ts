import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ControlClient } from '../../ctl/client.ts';
import type { DeathView } from '../../src/protocol/control/views.ts';
import { connectControl, failureOf, waitForStatus } from '../helpers/control.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const config = (more = '') => `app = "app.js"\nworkers = 2\nbind = ["127.0.0.1:0"]\n${more}`;

async function start(t: TestContext, more = '') {
  const files = { 'app.js': helloApp('old'), 'tsgun.conf.toml': config(more) };
  const cwd = writeFiles(makeTempDir(t), files);
  const tsgun = await startTsgun(t, ['-c', 'tsgun.conf.toml'], { cwd });
  const control = await connectControl(t, tsgun);
  return { cwd, tsgun, control, target: { port: tsgun.port } };
}

/** Somebody else's port. */
async function takePort(t: TestContext): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

interface Failure {
  app?: string;
  config?: string;
  canary?: boolean;
  message: RegExp;
  /** What `why` says; null when no worker died of it. */
  why: { reason: string; of: 'stack' | 'output'; says: RegExp } | null;
}

const failures: Record<string, Failure> = {
  'whose app throws when it is loaded': {
    app: 'function connect() { throw new TypeError("no database"); }\nconnect();\n',
    message: /TypeError: no database\n\s+at connect \(.*app\.js:1:\d+\)/,
    why: { reason: 'boot-failed', of: 'stack', says: /at connect .*app\.js:1/ },
  },
  'whose app cannot be parsed': {
    app: 'export default (req, res => res.end();\n',
    message: /app\.js:1\n.*SyntaxError/s,
    why: { reason: 'boot-failed', of: 'output', says: /SyntaxError/ },
  },
  'whose app exports nothing to serve': {
    app: 'export default 17;\n',
    message: /worker 0 of generation \d+: .*app\.js/s,
    why: { reason: 'boot-failed', of: 'stack', says: /app\.js/ },
  },
  'whose app ends its process': {
    app: 'console.error("cannot go on");\nprocess.exit(9);\n',
    message: /it exited with code 9\n.*cannot go on/s,
    why: { reason: 'boot-failed', of: 'output', says: /cannot go on/ },
  },
  'whose app is never ready': {
    app: 'await new Promise(() => setInterval(() => undefined, 1000));\n',
    config: 'boot_timeout = 1\n',
    message: /it was not ready within boot_timeout\n.*event loop is idle/s,
    why: { reason: 'boot-timeout', of: 'stack', says: /idle|at / },
  },
  'whose canary crashes within stabilize': {
    app: `${helloApp('new')}setTimeout(() => { throw new Error("late"); }, 200);\n`,
    canary: true,
    message: /worker 0 of generation \d+: .*exited with code 1\n.*Error: late\n\s+at .*app\.js:2/s,
    why: { reason: 'crashed', of: 'output', says: /Error: late/ },
  },
  'with a bad value in the config file': {
    config: 'max_requests = "many"\n',
    message: /tsgun\.conf\.toml:4: max_requests: expected .*, not "many"/,
    why: null,
  },
  'with an unknown setting': {
    config: 'max_request = 5\n',
    message: /tsgun\.conf\.toml:4: unknown setting "max_request", did you mean "max_requests"\?/,
    why: null,
  },
  'with a config file that cannot be parsed': {
    config: 'workers = = 2\n',
    message: /tsgun\.conf\.toml/,
    why: null,
  },
};

type Death = DeathView | undefined;

function checkDeath(why: Failure['why'], death: Death, before: Death): void {
  if (why === null) return assert.equal(death?.id, before?.id);
  assert.equal(death?.reason, why.reason);
  const said = why.of === 'stack' ? death.stack : death.output.join('\n');
  assert.match(said ?? '', why.says);
}

const lastDeath = async (control: ControlClient): Promise<Death> =>
  (await control.call('why', { last: 1 }))[0];

test('a reload that fails says why, and everything is as it was', async (t) => {
  const { cwd, tsgun, control, target } = await start(t);
  const before = tsgun.workers();
  for (const [name, { app, config: more, canary, message, why }] of Object.entries(failures)) {
    await t.test(`a reload ${name}`, async () => {
      writeFiles(cwd, { 'app.js': app ?? helloApp('new'), 'tsgun.conf.toml': config(more) });
      const last = await lastDeath(control);
      const error = await failureOf(control.call('reload', canary ? { stabilize: 5 } : {}));
      assert.deepEqual([error.code, error.controlExitCode], ['TSGUN_E_OPERATION', 1]);
      assert.match(error.message, /^Reload failed, generation 1 serves on: /);
      assert.match(error.message, message);
      assert.ok(Number(error.detail['op']) > 0);
      checkDeath(why, await lastDeath(control), last);
      const { lastReload } = await control.call('status', {});
      assert.equal(lastReload?.outcome, 'failed');
      assert.match(`${lastReload.reason}`, message);
      await waitForStatus(
        'the new workers to be gone',
        control,
        ({ mode, workers }) =>
          mode === 'serving' && workers.ready === 2 && workers.draining + workers.booting === 0,
      );
      assert.deepEqual(tsgun.workers(), before, 'not one old worker has left');
      assert.equal((await fetchOnce(target)).body, 'old');
    });
  }
  const { reloads } = await control.call('stats', {});
  assert.deepEqual(reloads, { done: 0, failed: Object.keys(failures).length, rolledBack: 0 });
  // And the next one, which is good, works.
  writeFiles(cwd, { 'app.js': helloApp('new'), 'tsgun.conf.toml': config() });
  assert.equal((await control.call('reload', {})).outcome, 'done');
  assert.equal((await fetchOnce(target)).body, 'new');
});

test('a reload to an address that cannot be had fails, and the old ones are kept', async (t) => {
  const { cwd, control, target } = await start(t);
  const port = await takePort(t);
  const bad: [bind: string, says: RegExp][] = [
    [`127.0.0.1:${port}`, /Cannot listen on "127\.0\.0\.1:\d+": .*\(EADDRINUSE\)/],
    ['192.0.2.1:8000', /Cannot listen on "192\.0\.2\.1:8000": .*\(EADDRNOTAVAIL\)/],
    ['unix:/nonexistent/app.sock', /Cannot listen on "unix:\/nonexistent\/app\.sock": .*ENOENT/],
  ];
  for (const [bind, says] of bad) {
    const text = config().replace('"127.0.0.1:0"', `"127.0.0.1:0", ${JSON.stringify(bind)}`);
    writeFiles(cwd, { 'tsgun.conf.toml': text });
    const error = await failureOf(control.call('reload', {}));
    assert.equal(error.code, 'TSGUN_E_OPERATION', bind);
    assert.match(error.message, says);
    const dry = await failureOf(control.call('reload', { dryRun: true }));
    assert.match(dry.message, says, 'a dry run finds it as well');
    assert.equal((await control.call('listeners', {})).length, 1);
    assert.equal((await fetchOnce(target)).body, 'old');
  }
});

test('a scale and a recycle whose workers cannot boot keep what is there', async (t) => {
  const { cwd, tsgun, control, target } = await start(t);
  const before = tsgun.workers();
  writeFiles(cwd, { 'app.js': 'throw new Error("not today");\n' });
  const scale = await failureOf(control.call('scale', { workers: '+2' }));
  assert.equal(scale.code, 'TSGUN_E_OPERATION');
  assert.match(scale.message, /worker [23] of generation 1: Error: not today\n\s+at .*app\.js:1/);
  const { workers } = await waitForStatus(
    'the rest',
    control,
    ({ workers: { booting, draining } }) => {
      return booting + draining === 0;
    },
  );
  assert.deepEqual([workers.wanted, workers.ready, workers.degraded], [2, 2, 0]);
  const recycle = await failureOf(control.call('recycle', { all: true }));
  assert.equal(recycle.code, 'TSGUN_E_OPERATION');
  assert.match(recycle.message, /worker [01] of generation 1: Error: not today/);
  assert.deepEqual(tsgun.workers(), before);
  assert.equal((await fetchOnce(target)).body, 'old');
  assert.equal((await control.call('status', {})).degraded, false);
});

test('an upgrade to a program that cannot serve says why, and this one serves on', async (t) => {
  const { cwd, tsgun, control, target } = await start(t);
  writeFiles(cwd, { 'app.js': 'throw new Error("not today");\n' });
  const error = await failureOf(control.call('upgrade', {}));
  assert.equal(error.code, 'TSGUN_E_OPERATION');
  assert.match(error.message, /^Upgrade failed, the old program serves on: .*not today/s);
  assert.equal((await control.call('status', {})).mode, 'serving');
  assert.equal((await fetchOnce(target)).body, 'old');
  assert.equal((await control.call('ping', {})).pid, tsgun.pid);
});

test('config-check and config-diff tell what a reload would meet, secrets masked', async (t) => {
  const { cwd, tsgun, control } = await start(t, 'raw_env = ["TOKEN=s3cret"]\n');
  assert.deepEqual(await control.call('config-check', {}), { valid: true, problems: [] });
  const more = 'raw_env = ["TOKEN=other"]\nmax_memory = "1GiB"\npidfile = "pid"\nkeepalive = 9\n';
  writeFiles(cwd, { 'tsgun.conf.toml': config(more) });
  const { changes } = await control.call('config-diff', {});
  assert.deepEqual(changes.map(({ name, onReload }) => [name, onReload]).toSorted(), [
    ['keepalive', 'generation'],
    ['max_memory', 'live'],
    ['pidfile', 'restart'],
    ['raw_env', 'generation'],
  ]);
  const token = changes.find(({ name }) => name === 'raw_env');
  assert.deepEqual([token?.running, token?.file], [['TOKEN=***'], ['TOKEN=***']]);
  const { changes: done } = await control.call('reload', {});
  assert.deepEqual(done.map(({ name }) => name).toSorted(), ['keepalive', 'max_memory', 'raw_env']);
  assert.match(JSON.stringify(await control.call('config', {})), /TOKEN=\*\*\*/);
  writeFiles(cwd, { 'tsgun.conf.toml': config('wokers = 3\nmax_requests = -1\n') });
  const { valid, problems } = await control.call('config-check', {});
  assert.equal(valid, false);
  assert.equal(problems.length, 2);
  assert.match(problems.join('\n'), /:4: unknown setting "wokers", did you mean "workers"\?/);
  assert.doesNotMatch(tsgun.log, /s3cret|other/);
});
