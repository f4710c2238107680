import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectTo } from '../helpers/control.ts';
import { openNotifySocket } from '../helpers/notify-socket.ts';
import { childrenOf, titleOf } from '../helpers/processes.ts';
import { needsPython, pythonWith } from '../helpers/python.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const nobody = 65_534;
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };
const netns = spawnSync('unshare', ['--net', 'true']).status === 0;
const privileged = {
  skip: needsPython() || (!netns && 'needs to make a network namespace (root)'),
};

/** As User= and AmbientCapabilities= do it. */
const asService = [
  ...['/usr/bin/setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'],
  ...['--inh-caps=-all,+net_bind_service', '--ambient-caps=-all,+net_bind_service'],
  ...['--bounding-set=-all,+net_bind_service', '--no-new-privs', '--'],
];

const netBindService = 1n << 10n;

function capabilitiesOf(pid: number, set: 'Inh' | 'Prm' | 'Eff' | 'Amb'): bigint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return BigInt(`0x${new RegExp(`^Cap${set}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1]}`);
}

function assertPowerless(arbiter: number): void {
  for (const pid of childrenOf(arbiter)) {
    for (const set of ['Prm', 'Eff', 'Amb'] as const)
      assert.equal(capabilitiesOf(pid, set), 0n, `Cap${set} of ${titleOf(pid)}`);
  }
}

/** Only in its network can it be asked. */
function ask(arbiter: number, port: number): string {
  const code = `fetch('http://127.0.0.1:${port}/').then((r) => r.text()).then(console.log)`;
  const args = ['-n', '-t', String(arbiter), process.execPath, '-e', code];
  return spawnSync('nsenter', args, { encoding: 'utf8' }).stdout.trim();
}

async function start(t: TestContext, config: Record<string, string>) {
  const systemd = await openNotifySocket(t);
  chmodSync(systemd.path, 0o666);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello'), ...config });
  chownSync(cwd, nobody, nobody);
  const service = await systemd.start(t, [], { cwd, through: inOwnNetwork() });
  await systemd.waitFor(/^READY=1$/);
  return { systemd, cwd, service };
}

/** A new network namespace has its loopback down, and not every system has ip(8): netdevice(7). */
const raiseLoopback = `
import fcntl, os, socket, struct, sys
with socket.socket() as any:
    fcntl.ioctl(any, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
os.execv(sys.argv[1], sys.argv[1:])
`;

const inOwnNetwork = (): string[] => [
  ...['/usr/bin/unshare', '--net', '--', pythonWith(), '-c', raiseLoopback],
  ...asService,
];

for (const config of ['tsgun.conf.toml', 'tsgun.conf.mjs']) {
  test(`a user who may bind low ports does, and no child may: ${config}`, privileged, async (t) => {
    const script = (ports: string) =>
      config.endsWith('.toml')
        ? { [config]: `app = "app.js"\nworkers = 2\nbind = [${ports}]\n` }
        : {
            [config]: `export default { app: 'app.js', workers: 2, bind: [${ports}], onReload() {} };`,
          };
    const { systemd, cwd, service } = await start(t, script('"127.0.0.1:80"'));
    assert.equal(statSync(`/proc/${service.pid}`).uid, nobody);
    assert.equal(capabilitiesOf(service.pid, 'Eff'), netBindService);
    assert.equal(childrenOf(service.pid).length, config.endsWith('.toml') ? 2 : 3);
    assertPowerless(service.pid);
    assert.equal(ask(service.pid, 80), 'hello');

    // A reload can bind another one.
    writeFiles(cwd, script('"127.0.0.1:80", "127.0.0.1:443"'));
    service.signal('SIGHUP');
    await service.waitForLog(/Reload done/);
    assert.equal(ask(service.pid, 443), 'hello');
    assertPowerless(service.pid);

    // And so can the program after an upgrade.
    service.signal('SIGUSR2');
    const { lines } = await systemd.waitFor(/^MAINPID=/);
    const young = Number(lines[0]?.replace('MAINPID=', ''));
    await systemd.waitUntil('the end of the old one', () => systemd.endOf(service.pid));
    assert.equal(capabilitiesOf(young, 'Eff'), netBindService);
    writeFiles(cwd, script('"127.0.0.1:80", "127.0.0.1:444"'));
    process.kill(young, 'SIGHUP');
    await service.waitForLog(/Reload done/, 2);
    assert.equal(ask(young, 444), 'hello');
    assertPowerless(young);
    process.kill(young, 'SIGTERM');
    assert.equal((await systemd.waitUntil('its end', () => systemd.endOf(young))).code, 0);
  });
}

test('a daemon keeps the capability that its start had', privileged, async (t) => {
  const { systemd, cwd } = await startDaemonized(t);
  const pid = Number(readFileSync(path.join(cwd, 'tsgun.pid'), 'utf8'));
  assert.equal(capabilitiesOf(pid, 'Eff'), netBindService);
  assertPowerless(pid);
  assert.equal(ask(pid, 80), 'hello');
  assert.deepEqual(systemd.messages, [], 'it is no service');
});

async function startDaemonized(t: TestContext) {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  chownSync(cwd, nobody, nobody);
  const args = ['-D', '-b', '127.0.0.1:80', '-p', 'tsgun.pid', '--error-logfile', 'error.log'];
  const through = inOwnNetwork();
  const start = await systemd.start(t, [...args, 'app.js'], {
    cwd,
    through,
    waitUntilReady: false,
  });
  assert.equal((await start.exited()).code, 0, start.log);
  return { systemd, cwd };
}

const asNobody = ['/usr/bin/setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];

for (const name of ['control-group', 'control-read-group']) {
  test(
    `a ${name} that we are not in is warned of, and gets no control socket`,
    privileged,
    async (t) => {
      const systemd = await openNotifySocket(t);
      chmodSync(systemd.path, 0o666);
      const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
      chownSync(cwd, nobody, nobody);
      const args = ['-b', 'unix:app.sock', `--${name}`, 'daemon', 'app.js'];
      const service = await systemd.start(t, args, { cwd, through: asNobody });
      await service.waitForLog(/Control socket: /);
      const warnings = [...service.log.matchAll(/Group "daemon" cannot use the control socket/g)];
      assert.equal(warnings.length, 1);
      const file = /Control socket: (\S+)/.exec(service.log)?.[1] ?? '';
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal(statSync(file).gid, nobody);
      const control = await connectTo(t, file);
      assert.equal((await control.call('status', {})).mode, 'serving');
      assert.equal(await service.stop(), 0);
    },
  );
}

test('root gives the control socket to whatever group it is told', rootOnly, async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const tsgun = await startTsgun(t, ['--control-group', 'daemon', 'app.js'], { cwd });
  await tsgun.waitForLog(/Control socket: /);
  const file = /Control socket: (\S+)/.exec(tsgun.log)?.[1] ?? '';
  assert.equal(statSync(file).mode & 0o777, 0o660);
  assert.doesNotMatch(tsgun.log, /cannot use the control socket/);
  assert.equal(await tsgun.stop(), 0);
});
