import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, fstatSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { closeDescriptor, localAddress } from '../../src/native/sockets.ts';
import { parseAddress } from '../../src/sockets/address.ts';
import { bindAddress, bindSocketAt } from '../../src/sockets/bind.ts';
import { ListenerSet } from '../../src/sockets/listener-set.ts';
import { leadAside } from '../../src/sockets/refuse-new.ts';
import { main, readyLine, startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, type Hammer, hammer, type Target } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const options = { backlog: 512, reusePort: false, socketMode: 0o777, socketOwner: null };

/** Ended with the test. */
function start(
  t: TestContext,
  command: readonly string[],
  descriptors: readonly number[],
  cwd = '/',
): ChildProcess {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd,
    stdio: ['pipe', 'pipe', 'pipe', ...descriptors],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return child;
}

/** Accepts on descriptor 3 and answers each request with its name, until its input ends. */
const acceptor = `
  const server = require('node:http').createServer((request, response) => {
    response.setHeader('Connection', 'close');
    response.end(process.argv[1]);
  });
  server.listen({ fd: 3, backlog: 512 }, () => console.log('ready'));
  process.stdin.on('end', () => server.close(() => process.exit())).resume();
`;

interface Acceptor {
  /** Stops accepting, answers what it has, and ends. */
  end(): Promise<void>;
}

async function startAcceptor(t: TestContext, name: string, fd: number): Promise<Acceptor> {
  const child = start(t, [process.execPath, '-e', acceptor, '--', name], [fd]);
  const exited = once(child, 'exit');
  child.stdout?.setEncoding('utf8');
  if (child.stdout) await once(child.stdout, 'data');
  return {
    async end() {
      child.stdin?.end();
      await exited;
    },
  };
}

/** Connections that wait to be accepted: what proc(5) calls the receive queue of a listener. */
function queueLength(fd: number): number {
  const inode = String(fstatSync(fd).ino);
  const tables = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8').split('\n'),
  );
  const row = tables.map((line) => line.trim().split(/\s+/)).find((cells) => cells[9] === inode);
  return Number.parseInt(row?.[4]?.split(':')[1] ?? 'ff', 16);
}

/** Twice in a row, so that a connection that is just being made is seen. */
async function untilEmpty(fd: number): Promise<void> {
  let empty = 0;
  await waitFor('the queue to be empty', () => {
    empty = queueLength(fd) === 0 ? empty + 1 : 0;
    return empty >= 3;
  });
}

const portOf = (set: ListenerSet): number => Number(set.addresses[0]?.split(':').at(-1));

async function hold(t: TestContext, reusePort = false): Promise<ListenerSet> {
  const set = new ListenerSet();
  t.after(() => set.close());
  await set.hold(1, [parseAddress('127.0.0.1:0', '/')], { ...options, reusePort });
  return set;
}

const untilAnswered = (clients: Hammer, more: number): Promise<boolean> => {
  const goal = clients.answered + more;
  return waitFor(`${more} more answers`, () => clients.answered >= goal, 30_000);
};

for (const reusePort of [false, true]) {
  for (const privileged of [true, false]) {
    const how = `${reusePort ? ' with reuse_port' : ''}${privileged ? '' : ' without privileges'}`;
    test(`refusing under load${how}: who was let in is answered, who is late is refused`, async (t) => {
      const set = await hold(t, reusePort);
      const slots = reusePort ? [0, 1] : [0];
      const fds = slots.map((slot) => set.descriptorsFor(1, slot)[0]?.fd ?? -1);
      const servers = await Promise.all(fds.map((fd, slot) => startAcceptor(t, String(slot), fd)));
      for (const slot of slots) set.setActive(slot, true);
      const target = { port: portOf(set) };
      const clients = hammer(t, { target, connections: 16, keepAlive: false });
      await untilAnswered(clients, 500);
      const aside = privileged ? null : leadAside(fds);
      if (privileged) set.refuseNew(assert.fail);
      await Promise.all(fds.map(untilEmpty));
      assert.deepEqual(clients.failures, [], 'nobody is even refused yet');
      for (const [slot, server] of servers.entries()) {
        await server.end();
        if (privileged) set.setActive(slot, false);
      }
      set.close();
      if (aside !== null) closeDescriptor(aside);
      await waitFor('a refusal', () => clients.failures.length >= 16);
      await clients.stop();
      assert.deepEqual(
        clients.failures.filter((failure) => !/^connect: .*ECONNREFUSED/.test(failure)),
        [],
      );
    });
  }
}

test('with reuse_port, slots that come and go under load lose nothing', async (t) => {
  const set = await hold(t, true);
  const descriptorOf = (slot: number) => set.descriptorsFor(1, slot)[0]?.fd ?? -1;
  const servers = new Map<number, Acceptor>();
  const join = async (slot: number) => {
    servers.set(slot, await startAcceptor(t, String(slot), descriptorOf(slot)));
    set.setActive(slot, true);
  };
  const leave = async (slot: number) => {
    set.setActive(slot, false);
    await untilEmpty(descriptorOf(slot));
    await servers.get(slot)?.end();
    set.closeSlot(slot);
  };
  for (const slot of [0, 1, 2]) await join(slot);
  const clients = hammer(t, { target: { port: portOf(set) }, connections: 16, keepAlive: false });
  await untilAnswered(clients, 300);
  assert.deepEqual([...clients.bodies.keys()].toSorted(), ['0', '1', '2']);
  // Out of the middle, the end and the beginning, so that the kernel's order is shuffled.
  for (const slot of [1, 2, 0, 1]) {
    await leave(slot);
    await untilAnswered(clients, 200);
    await join(slot);
    const before = clients.bodies.get(String(slot)) ?? 0;
    await waitFor(
      `answers of slot ${slot}`,
      () => (clients.bodies.get(String(slot)) ?? 0) > before,
    );
  }
  await clients.stop();
  assert.deepEqual(clients.failures, []);
});

/** tsgun as systemd starts it: with sockets that were bound before and stay when it ends. */
async function startActivated(
  t: TestContext,
  dir: string,
  descriptors: readonly number[],
  args: readonly string[],
) {
  // Only the process itself knows its pid before it becomes tsgun.
  const shell = `export LISTEN_PID=$$ LISTEN_FDS=${descriptors.length}; exec "$@"`;
  const command = ['/bin/sh', '-c', shell, 'sh', process.execPath, main, ...args];
  const child = start(t, command, descriptors, dir);
  const exited = once(child, 'exit');
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const waitForLog = (pattern: RegExp) =>
    waitFor(`${pattern} in\n${log}`, () => pattern.test(log)).catch((error) => {
      throw new Error(`${error}\n${log}`);
    });
  await waitForLog(readyLine);
  return {
    pid: child.pid ?? 0,
    get log() {
      return log;
    },
    waitForLog,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

interface Lent {
  fds: number[];
  tcp: Target;
  unix: { path: string };
}

/** A TCP and a Unix socket of somebody else's. */
async function lend(t: TestContext, dir: string): Promise<Lent> {
  const file = path.join(dir, 'lent.sock');
  const tcp = await bindAddress({ kind: 'tcp', host: '127.0.0.1', port: 0 }, options);
  const unix = bindSocketAt({ family: 'unix', path: file }, options);
  t.after(() => [tcp, unix].forEach(closeDescriptor));
  const local = localAddress(tcp);
  return {
    fds: [tcp, unix],
    tcp: { port: 'port' in local ? local.port : 0 },
    unix: { path: file },
  };
}

test('inherited sockets are served without any bind, and restarts lose no request', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const { fds, tcp, unix } = await lend(t, dir);
  const clients = [tcp, unix].map((target) =>
    hammer(t, { target, connections: 4, keepAlive: false }),
  );
  for (let round = 0; round < 2; round += 1) {
    const tsgun = await startActivated(t, dir, fds, ['-w', '2', 'app.js']);
    await Promise.all(clients.map((load) => untilAnswered(load, 100)));
    assert.equal(await tsgun.stop(), 0);
    assert.ok(existsSync(unix.path), 'it is not ours to remove');
  }
  const last = await startActivated(t, dir, fds, ['app.js']);
  await Promise.all(clients.map((load) => load.stop()));
  assert.deepEqual(
    clients.flatMap((load) => load.failures),
    [],
  );
  assert.equal(await last.stop(), 0);
});

test('inherited sockets are matched to bind, and one that nothing binds is named', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const { fds, unix } = await lend(t, dir);
  const args = ['-b', 'unix:lent.sock', '-b', '127.0.0.1:0', 'app.js'];
  const tsgun = await startActivated(t, dir, fds, args);
  assert.equal((await fetchOnce(unix)).body, 'hello');
  assert.match(tsgun.log, /Nothing binds the inherited descriptor 3/);
  assert.equal(await tsgun.stop(), 0);
});

test('an upgrade keeps inherited sockets served, and inherited', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const { fds, tcp, unix } = await lend(t, dir);
  const pidFile = path.join(dir, 'tsgun.pid');
  const tsgun = await startActivated(t, dir, fds, ['-p', pidFile, 'app.js']);
  const clients = [tcp, unix].map((target) =>
    hammer(t, { target, connections: 2, keepAlive: false }),
  );
  process.kill(tsgun.pid, 'SIGUSR2');
  const readPid = () => (existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0);
  const successor = await waitFor('the new program', () => {
    const pid = readPid();
    return pid === tsgun.pid ? 0 : pid;
  });
  t.after(() => existsSync(`/proc/${successor}`) && process.kill(successor, 'SIGKILL'));
  await Promise.all(clients.map((load) => untilAnswered(load, 100)));
  await Promise.all(clients.map((load) => load.stop()));
  assert.deepEqual(
    clients.flatMap((load) => load.failures),
    [],
  );
  process.kill(successor, 'SIGTERM');
  await waitFor('its end', () => !existsSync(pidFile));
  assert.ok(existsSync(unix.path));
});

test('a Unix socket gets socket_mode, else what umask leaves of 777', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hello') });
  const file = path.join(dir, 'app.sock');
  for (const [args, mode] of [
    [['--socket-mode', '640'], 0o640],
    [['-m', '027'], 0o750],
    [[], 0o777],
  ] as const) {
    const tsgun = await startTsgun(t, ['-b', 'unix:app.sock', ...args, 'app.js'], { cwd: dir });
    assert.equal(statSync(file).mode & 0o777, mode);
    assert.equal((await fetchOnce({ path: file })).body, 'hello');
    assert.equal(await tsgun.stop(), 0);
    assert.equal(existsSync(file), false);
  }
});

test('every interface takes IPv4 and IPv6, and reuse_port gives every worker its share', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const args = ['-b', ':0', '--reuse-port', '-w', '3', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  await waitFor('three workers', () => tsgun.workers().length === 3);
  await tsgun.waitForLog(readyLine);
  const { port } = tsgun;
  const clients = hammer(t, { target: { port }, connections: 4, keepAlive: false });
  await waitFor('answers of each worker', () => clients.bodies.size === 3);
  await clients.stop();
  assert.deepEqual(clients.failures, []);
  if (existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8') !== '')
    assert.equal((await fetchOnce({ port, host: '::1' })).status, 200);
});
