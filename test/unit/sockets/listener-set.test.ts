import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseAddress } from '../../../src/sockets/address.ts';
import { ListenerSet } from '../../../src/sockets/listener-set.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const options = { backlog: 100, reusePort: false, socketMode: 0o600, socketOwner: null };
const tcp = parseAddress('127.0.0.1:0', '/');

function open(t: TestContext): ListenerSet {
  const set = new ListenerSet();
  t.after(() => set.close());
  return set;
}

const connects = (target: net.NetConnectOpts): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(target);
    const settle = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });

const portOf = (address: string | undefined): number => Number(address?.split(':').at(-1));

test('a bound address takes connections although nobody accepts', async (t) => {
  const set = open(t);
  await set.hold(1, [tcp], options);
  const [listener] = set.descriptorsFor(1, 0);
  assert.ok(await connects({ host: '127.0.0.1', port: portOf(listener?.address) }));
});

test('generations share what they both name, and the last one closes it', async (t) => {
  const set = open(t);
  await set.hold(1, [tcp], options);
  await set.hold(2, [tcp], options);
  assert.deepEqual(set.descriptorsFor(1, 0), set.descriptorsFor(2, 0));
  const target = { host: '127.0.0.1', port: portOf(set.addresses[0]) };
  set.release(1);
  assert.ok(await connects(target));
  set.release(2);
  assert.equal(await connects(target), false);
});

test('when one address cannot be bound, none of the new ones stays', async (t) => {
  const dir = makeTempDir(t);
  const set = open(t);
  await set.hold(1, [tcp], options);
  const taken = parseAddress(set.addresses[0] ?? '', '/');
  const sock = parseAddress('unix:a.sock', dir);
  await assert.rejects(set.hold(2, [sock, taken], options), /Cannot listen on .*EADDRINUSE/);
  assert.equal(existsSync(path.join(dir, 'a.sock')), false);
  assert.ok(await connects({ host: '127.0.0.1', port: portOf(set.addresses[0]) }));
});

test('a Unix socket has its mode from the start, replaces a dead one and leaves with us', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'a.sock');
  const address = parseAddress('unix:a.sock', dir);
  const dead = open(t);
  await dead.hold(1, [address], options);
  dead.disown();
  assert.ok(await connects({ path: file }));
  await assert.rejects(open(t).hold(1, [address], options), /EADDRINUSE/);

  const set = new ListenerSet();
  await assert.rejects(set.hold(1, [address], options), /EADDRINUSE/);
  const other = path.join(dir, 'b.sock');
  await set.hold(1, [parseAddress('unix:b.sock', dir)], options);
  assert.equal(statSync(other).mode & 0o777, 0o600);
  set.close();
  assert.equal(existsSync(other), false);
});

test('what is no socket is never replaced', async (t) => {
  const dir = makeTempDir(t);
  writeFileSync(path.join(dir, 'a.sock'), 'precious');
  const refused = open(t).hold(1, [parseAddress('unix:a.sock', dir)], options);
  await assert.rejects(refused, /is no socket/);
  assert.ok(existsSync(path.join(dir, 'a.sock')));
});

test('with reuse_port each slot has a socket of its own on the same port', async (t) => {
  const set = open(t);
  await set.hold(1, [tcp], { ...options, reusePort: true });
  const [zero] = set.descriptorsFor(1, 0);
  const [one] = set.descriptorsFor(1, 1);
  assert.equal(zero?.address, one?.address);
  assert.notEqual(zero?.fd, one?.fd);
  assert.equal(set.descriptorsFor(1, 1)[0]?.fd, one?.fd, 'and keeps it');
});

test('a slot that is not active gets no connection, whatever joined or left before', async (t) => {
  const set = open(t);
  await set.hold(1, [tcp], { ...options, reusePort: true });
  const accepted = [0, 0, 0, 0];
  const servers = [0, 1, 2, 3].map((slot) => {
    const [listener] = set.descriptorsFor(1, slot);
    const server = net.createServer((socket) => {
      accepted[slot] = (accepted[slot] ?? 0) + 1;
      socket.end();
    });
    server.listen({ fd: listener?.fd ?? -1 });
    return server;
  });
  t.after(() => servers.map((server) => server.close()));
  const target = { host: '127.0.0.1', port: portOf(set.addresses[0]) };
  const load = async () => {
    accepted.fill(0);
    for (let count = 0; count < 100; count += 1) assert.ok(await connects(target));
    return accepted.map((count) => count > 0);
  };
  assert.deepEqual(await load(), [true, false, false, false], 'the first before any is active');
  for (const slot of [0, 1, 2, 3]) set.setActive(slot, true);
  assert.deepEqual(await load(), [true, true, true, true]);
  set.setActive(1, false);
  assert.deepEqual(await load(), [true, false, true, true]);
  set.setActive(1, true);
  set.setActive(3, false);
  assert.deepEqual(await load(), [true, true, true, false]);
});

test('refuseNew lets nobody in any more and keeps who is in the queue', async (t) => {
  const set = open(t);
  await set.hold(1, [tcp], options);
  const [listener] = set.descriptorsFor(1, 0);
  const target = { host: '127.0.0.1', port: portOf(listener?.address) };
  const waiting = net.connect(target);
  await new Promise((resolve) => waiting.once('connect', resolve));
  set.refuseNew(assert.fail);
  const late = net.connect(target);
  let connected = false;
  late.once('connect', () => {
    connected = true;
  });
  late.on('error', () => undefined);
  const server = net.createServer((socket) => socket.end('served'));
  server.listen({ fd: listener?.fd ?? -1 });
  t.after(() => {
    server.close();
    waiting.destroy();
    late.destroy();
  });
  const answer = await new Promise((resolve) => waiting.once('data', resolve));
  assert.equal(String(answer), 'served');
  assert.equal(connected, false);
});

test('refuseDropped gives up only what no other generation holds, one in preparation included', async (t) => {
  const dir = makeTempDir(t);
  const address = (name: string) => parseAddress(`unix:${name}.sock`, dir);
  const there = (name: string) => existsSync(path.join(dir, `${name}.sock`));
  const set = open(t);
  const fail = (message: string) => assert.fail(message);
  await set.hold(1, [address('old'), address('shared')], options);
  await set.hold(2, [address('shared')], options);
  await set.hold(3, [address('shared'), address('next')], options);
  assert.equal(set.refuseDropped(1, fail), true);
  assert.deepEqual([there('old'), there('shared'), there('next')], [false, true, true]);
  assert.equal(set.refuseDropped(1, fail), true, 'and the next worker of it is told the same');
  assert.equal(set.refuseDropped(2, fail), false);
  assert.equal(set.descriptorsFor(3, 0).length, 2);
  // Given up, it can be wanted again.
  await set.hold(4, [address('old')], options);
  set.release(1);
  assert.ok(there('old'));
});
