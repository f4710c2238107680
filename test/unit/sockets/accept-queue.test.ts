import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  bindSocket,
  closeDescriptor,
  duplicate,
  listenSocket,
  localAddress,
  openSocket,
  type SocketAddress,
} from '../../../src/native/sockets.ts';
import { readAcceptQueues } from '../../../src/sockets/accept-queue.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

function open(t: TestContext, address: SocketAddress): number {
  const fd = openSocket(address.family);
  t.after(() => closeDescriptor(fd));
  bindSocket(fd, address);
  return fd;
}

/** Connects, and stays until the test is over. */
async function connect(t: TestContext, target: net.NetConnectOpts): Promise<net.Socket> {
  const socket = net.connect(target);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const loopbacks: SocketAddress[] = [
  { family: 'ipv4', host: '127.0.0.1', port: 0 },
  { family: 'ipv6', host: '::1', port: 0, scope: 0 },
];

for (const address of loopbacks) {
  test(`readAcceptQueues() counts who waits on ${address.family}, and no other socket's`, async (t) => {
    const [busy, idle] = [open(t, address), open(t, address)];
    for (const fd of [busy, idle]) listenSocket(fd, 16);
    assert.deepEqual(
      readAcceptQueues([busy, idle]),
      new Map([
        [busy, 0],
        [idle, 0],
      ]),
    );
    const local = localAddress(busy);
    assert.ok('port' in local);
    for (let count = 1; count <= 3; count += 1) {
      await connect(t, { host: local.host, port: local.port });
      // The last packet of a handshake may still be under way when the client has connected.
      await waitFor('the connection to wait', () => readAcceptQueues([busy]).get(busy) === count);
    }
    assert.deepEqual(
      readAcceptQueues([busy, idle]),
      new Map([
        [busy, 3],
        [idle, 0],
      ]),
    );
  });
}

test('readAcceptQueues() follows connections that are accepted', async (t) => {
  const fd = open(t, { family: 'ipv4', host: '127.0.0.1', port: 0 });
  listenSocket(fd, 16);
  const local = localAddress(fd);
  assert.ok('port' in local);
  await connect(t, { host: local.host, port: local.port });
  await waitFor('the connection to wait', () => readAcceptQueues([fd]).get(fd) === 1);
  // node:net closes what it is given.
  const server = net.createServer((socket) => socket.end());
  t.after(() => server.close());
  server.listen({ fd: duplicate(fd) });
  await waitFor('the connection to be accepted', () => readAcceptQueues([fd]).get(fd) === 0);
});

test('readAcceptQueues() knows nothing of Unix sockets, of what does not listen and of files', async (t) => {
  const dir = makeTempDir(t);
  const unix = open(t, { family: 'unix', path: path.join(dir, 'a.sock') });
  listenSocket(unix, 16);
  await connect(t, { path: path.join(dir, 'a.sock') });
  const bound = open(t, { family: 'ipv4', host: '127.0.0.1', port: 0 });
  const file = openSync(path.join(dir, 'file'), 'w');
  t.after(() => closeSync(file));
  const fds = [unix, bound, file];
  assert.deepEqual(readAcceptQueues(fds), new Map(fds.map((fd) => [fd, null])));
});
