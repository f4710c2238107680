import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeSystemctl, sayJob } from '../helpers/fake-systemctl.ts';
import { makeUnitGroup, openNotifySocket } from '../helpers/notify-socket.ts';
import { childrenOf, titleOf } from '../helpers/processes.ts';
import { needsPython, pythonWith } from '../helpers/python.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const python = { skip: needsPython() };

/** What systemd says to us, and what our launcher keeps for the workers. */
const ours =
  /^(NOTIFY_SOCKET|WATCHDOG_\w+|LISTEN_\w+|FDSTORE|JOURNAL_STREAM|TSGUN_(NODE_OPTIONS|UPGRADE\w*|DAEMON))$/;

const env = {
  JOURNAL_STREAM: '8:1234',
  TSGUN_NODE_OPTIONS: '--no-deprecation',
  TSGUN_CMD_ARGS: '--keep-alive 3',
  LISTEN_PIDFDID: '1',
  KEPT: 'yes',
};

function environmentOf(pid: number): Record<string, string> {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1),
    ]),
  );
}

function assertClean(pid: number, what: string): Record<string, string> {
  const seen = environmentOf(pid);
  assert.deepEqual(
    Object.keys(seen).filter((name) => ours.test(name)),
    [],
    what,
  );
  assert.equal(seen['KEPT'], 'yes', what);
  return seen;
}

const config = `
  import { appendFileSync } from 'node:fs';
  const tell = (hook) => appendFileSync('hooks.log', JSON.stringify({ hook, env: process.env }) + '\\n');
  tell('load');
  export default {
    app: 'app.js',
    workers: 2,
    bind: ['127.0.0.1:0'],
    onStarting: () => tell('onStarting'),
    whenReady: () => tell('whenReady'),
    preFork: () => tell('preFork'),
    postFork: () => tell('postFork'),
    preExec: () => tell('preExec'),
    onReload: () => tell('onReload'),
  };
`;

const hooks = ['load', 'onStarting', 'preFork', 'postFork', 'whenReady', 'onReload', 'preExec'];

test(
  'workers, hooks and the process of a config hear nothing of systemd, nor after an upgrade',
  python,
  async (t) => {
    const systemd = await openNotifySocket(t);
    await systemd.listen('web', ['127.0.0.1', 0]);
    const cwd = writeFiles(makeTempDir(t), {
      'tsgun.conf.ts': config,
      'app.js': 'export default (req, res) => res.end(JSON.stringify(process.env));',
    });
    const service = await systemd.start(t, [], { cwd, env, watchdogMs: 5000 });
    const port = service.port();
    for (let pid = service.pid, round = 1; round <= 2; round += 1) {
      const children = childrenOf(pid);
      assert.equal(children.length, 3, 'two workers and the process of the config');
      for (const child of children) {
        const seen = assertClean(child, titleOf(child));
        const isWorker = /tsgun: worker/.test(titleOf(child));
        assert.equal(
          seen['NODE_OPTIONS'],
          isWorker ? '--no-deprecation' : undefined,
          titleOf(child),
        );
      }
      const seen: object = JSON.parse((await fetchOnce({ port })).body);
      assert.deepEqual(
        Object.keys(seen).filter((name) => ours.test(name)),
        [],
      );
      process.kill(pid, 'SIGHUP');
      await service.waitForLog(/Reload done/, round);
      if (round === 2) break;
      process.kill(pid, 'SIGUSR2');
      const { lines } = await systemd.waitFor(/^MAINPID=/);
      const old = pid;
      pid = Number(lines[0]?.replace('MAINPID=', ''));
      await systemd.waitUntil('the end of the old one', () => systemd.endOf(old));
    }
    await waitFor('every hook', () => {
      const told = readFileSync(path.join(cwd, 'hooks.log'), 'utf8').trim().split('\n');
      const heard = told.map((line): { hook: string; env: object } => JSON.parse(line));
      for (const { hook, env: seen } of heard)
        assert.deepEqual(
          Object.keys(seen).filter((name) => ours.test(name)),
          [],
          hook,
        );
      return hooks.every((hook) => heard.some((one) => one.hook === hook));
    });
    assert.ok(systemd.messages.every(({ accepted }) => accepted));
  },
);

test('gateway and Python workers hear nothing of systemd', python, async (t) => {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), {
    'app.py': `
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
`,
  });
  const args = ['-b', '127.0.0.1:0', '--python', pythonWith(), 'app:app'];
  const service = await systemd.start(t, args, { cwd, env, watchdogMs: 5000 });
  assert.equal((await fetchOnce({ port: service.port() })).body, 'ok');
  const children = childrenOf(service.pid);
  assert.ok(children.length >= 2);
  for (const child of children) {
    const seen = assertClean(child, titleOf(child));
    if (/gateway/.test(titleOf(child))) assert.equal(seen['NODE_OPTIONS'], undefined);
  }
  assert.ok(children.some((child) => /gateway/.test(titleOf(child))));
});

test('systemctl is asked without what systemd has said to us', python, async (t) => {
  const cgroup = makeUnitGroup(t);
  if (!cgroup) return t.skip('needs control groups that can be made');
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': 'export default (req, res) => res.end();' });
  const seen = path.join(cwd, 'seen');
  const { path: PATH } = makeSystemctl(t, `env >'${seen}'\n${sayJob('stop running')}`);
  const args = ['-b', '127.0.0.1:0', 'app.js'];
  const service = await systemd.start(t, args, { cwd, cgroup, env: { ...env, PATH } });
  await systemd.waitFor(/^READY=1$/);
  assert.equal(await service.stop(), 0);
  assert.ok(existsSync(seen));
  assert.doesNotMatch(readFileSync(seen, 'utf8'), /^(NOTIFY_SOCKET|WATCHDOG|LISTEN|FDSTORE)/m);
  writeFileSync(seen, '');
});
