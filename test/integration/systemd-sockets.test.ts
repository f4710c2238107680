import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type NotifySocket,
  openNotifySocket,
  type ServiceOptions,
} from '../helpers/notify-socket.ts';
import { needsPython } from '../helpers/python.ts';
import { fetchOnce, StrictConnection, type Target } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const python = { skip: needsPython() };

/** Socket units of these names; those that are called after a path listen there. */
async function open(t: TestContext, ...names: readonly string[]) {
  const systemd = await openNotifySocket(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const targets: Target[] = [];
  for (const name of names) {
    const file = path.join(cwd, `${targets.length}.sock`);
    const isUnix = name.startsWith('unix ');
    const address = await systemd.listen(
      name.replace('unix ', ''),
      isUnix ? file : ['127.0.0.1', 0],
    );
    targets.push(isUnix ? { path: file } : { port: Number(address.split(':').at(-1)) });
  }
  const start = (args: readonly string[], options: ServiceOptions = {}) =>
    systemd.start(t, [...args, 'app.js'], { cwd, ...options });
  return { systemd, cwd, start, targets };
}

const areServed = async (targets: readonly Target[]): Promise<void> => {
  for (const target of targets) assert.equal((await fetchOnce(target)).status, 200);
};

const areOpen = async (targets: readonly Target[]): Promise<void> => {
  for (const target of targets) (await StrictConnection.open(target)).close();
};

const unbound = (log: string): string[] =>
  [...log.matchAll(/Nothing binds the inherited descriptor \d+ \("(.*)"\)/g)].map(
    ([, name = '']) => name,
  );

async function waitForSuccessor(systemd: NotifySocket): Promise<number> {
  const { lines } = await systemd.waitFor(/^MAINPID=/);
  const pid = Number(lines[0]?.replace('MAINPID=', ''));
  await systemd.waitUntil('it to be ready', () =>
    systemd.messages.find((message) => message.pid === pid && message.lines[0] === 'READY=1'),
  );
  return pid;
}

const cases: [what: string, names: string[], args: string[], served: number[], left: string[]][] = [
  ['a name takes its descriptor', ['web'], ['-b', 'fd://web'], [0], []],
  [
    'a name takes all of its descriptors',
    ['web', 'unix web', 'web'],
    ['-b', 'fd://web'],
    [0, 1, 2],
    [],
  ],
  ['one of several of a name', ['web', 'web'], ['-b', 'fd://web/1'], [1], ['web']],
  [
    'the name that systemd gives by itself',
    ['tsgun@app.socket'],
    ['-b', 'fd://tsgun@app.socket'],
    [0],
    [],
  ],
  ['a name for want of another', ['unknown'], ['-b', 'fd://unknown'], [0], []],
  [
    'names, numbers and what is left',
    ['web', 'x', 'admin'],
    ['-b', 'fd://admin', '-b', 'fd://3'],
    [0, 2],
    ['x'],
  ],
  [
    'without a bind all, whatever they are called',
    ['a%41b', '%', '', 'tsgun@app.socket', 'unix x'],
    [],
    [0, 1, 2, 3, 4],
    [],
  ],
  [
    'a socket that is lent is not shared out',
    ['web', 'unix web'],
    ['-b', 'fd://web', '--reuse-port', '-w', '2'],
    [0, 1],
    [],
  ],
];

for (const [what, names, args, served, left] of cases) {
  test(`socket units: ${what}`, python, async (t) => {
    const { systemd, start, targets } = await open(t, ...names);
    const service = await start(args);
    await areServed(targets.filter((_, index) => served.includes(index)));
    assert.deepEqual(unbound(service.log), left);
    await systemd.waitFor(/^READY=1$/);
    assert.deepEqual(systemd.stored, [], 'systemd has them already');
    assert.equal(await service.stop(), 0);
    await areOpen(targets);
  });
}

test('a name that nothing was passed under cannot be served', python, async (t) => {
  const { systemd, start } = await open(t, 'web');
  const service = await start(['-b', 'fd://nope'], { waitUntilReady: false });
  assert.equal((await service.exited()).code, 1);
  const message = 'Cannot listen on "fd://nope": nothing of that name was passed';
  assert.match(service.log, new RegExp(message));
  await systemd.waitUntil('the status', () => systemd.status === `failed: ${message}`);
});

test('the second of one cannot be served either', python, async (t) => {
  const { start } = await open(t, 'web');
  const service = await start(['-b', 'fd://web/1'], { waitUntilReady: false });
  assert.equal((await service.exited()).code, 1);
  assert.match(service.log, /Cannot listen on "fd:\/\/web\/1": nothing of that name was passed/);
});

test('a socket unit is found by where it listens', python, async (t) => {
  const { systemd, start, targets } = await open(t, 'tsgun@app.socket', 'unix tsgun@app.socket');
  const [tcp] = targets;
  const port = tcp && 'port' in tcp ? tcp.port : 0;
  const service = await start([
    '-b',
    `127.0.0.1:${port}`,
    '-b',
    'unix:1.sock',
    '-b',
    'unix:own.sock',
  ]);
  await areServed(targets);
  assert.deepEqual(unbound(service.log), []);
  await systemd.waitUntil('the store', () => systemd.stored.length === 1);
  assert.match(systemd.stored[0] ?? '', /own\.sock$/);
  assert.equal(await service.stop(), 0);
  await areOpen(targets);
});

test(
  'named sockets are served on after an upgrade and a reload, and a second upgrade',
  python,
  async (t) => {
    const { systemd, start, targets, cwd } = await open(t, 'web', 'unix web', 'admin', 'spare');
    const args = ['-b', 'fd://web', '-b', 'fd://admin', '-b', 'unix:own.sock'];
    const own = { path: path.join(cwd, 'own.sock') };
    const served = [...targets.slice(0, 3), own];
    const service = await start(args);
    await areServed(served);
    assert.deepEqual(unbound(service.log), ['spare']);
    let pid = service.pid;
    for (const round of [1, 2]) {
      systemd.clear();
      process.kill(pid, 'SIGUSR2');
      const old = pid;
      pid = await waitForSuccessor(systemd);
      await systemd.waitUntil('the end of the old one', () => systemd.endOf(old));
      await areServed(served);
      await service.waitForLog(/Nothing binds .*"spare"/, round + 1);
      process.kill(pid, 'SIGHUP');
      await service.waitForLog(/Reload done/, round);
      await areServed(served);
    }
    assert.equal(systemd.stored.length, 1);
    process.kill(pid, 'SIGTERM');
    await systemd.waitUntil('its end', () => systemd.endOf(pid));
    await areOpen(targets);
  },
);

test('after a crash units and store give everything back, in whatever order', python, async (t) => {
  const { systemd, start, targets, cwd } = await open(t, 'web', 'unix web');
  const args = ['-b', 'unix:own.sock', '-b', 'fd://web', '-b', '127.0.0.2:0'];
  const first = await start(args);
  await systemd.waitUntil('the store', () => systemd.stored.length === 2);
  const served: Target[] = [
    ...targets,
    { path: path.join(cwd, 'own.sock') },
    { host: '127.0.0.2', port: Number(/127\.0\.0\.2:(\d+)/.exec(first.log)?.[1]) },
  ];
  for (const reverse of [true, false]) {
    const pid = systemd.messages.at(-1)?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await systemd.waitUntil('its end', () => systemd.endOf(pid));
    const service = await start(args, { reverse });
    await systemd.waitUntil('its word', () => systemd.messages.at(-1)?.pid === service.pid);
    assert.equal(systemd.passed.length, 4);
    await areServed(served);
    assert.deepEqual(unbound(service.log), []);
    assert.equal(systemd.stored.length, 2);
  }
});
