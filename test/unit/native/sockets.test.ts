import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  bindSocket,
  closeDescriptor,
  closeOnExec,
  duplicate,
  isListening,
  listenSocket,
  localAddress,
  openSocket,
  type SocketAddress,
} from '../../../src/native/sockets.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

function open(t: TestContext, family: SocketAddress['family']): number {
  const fd = openSocket(family);
  t.after(() => closeDescriptor(fd));
  return fd;
}

const isClosedOnExec = (fd: number): boolean => {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return (Number.parseInt(flags ?? '', 8) & 0o2000000) !== 0;
};

const addresses: SocketAddress[] = [
  { family: 'ipv4', host: '127.0.0.1', port: 0 },
  { family: 'ipv4', host: '0.0.0.0', port: 0 },
  { family: 'ipv6', host: '::1', port: 0, scope: 0 },
  { family: 'ipv6', host: '::', port: 0, scope: 0 },
];

for (const address of addresses) {
  test(`localAddress() gives back where a socket was bound: ${JSON.stringify(address)}`, (t) => {
    const fd = open(t, address.family);
    bindSocket(fd, address);
    const local = localAddress(fd);
    assert.ok('port' in local && local.port > 0);
    assert.deepEqual({ ...local, port: 0 }, address);
  });
}

test('localAddress() gives back the path of a Unix socket, and none for one without', (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'größe.sock');
  const fd = open(t, 'unix');
  assert.deepEqual(localAddress(fd), { family: 'unix', path: '' });
  bindSocket(fd, { family: 'unix', path: file });
  assert.deepEqual(localAddress(fd), { family: 'unix', path: file });
});

test('an IPv4 address inside an IPv6 one keeps its bytes', (t) => {
  const fd = open(t, 'ipv6');
  bindSocket(fd, { family: 'ipv6', host: '::ffff:127.0.0.1', port: 0, scope: 0 });
  const local = localAddress(fd);
  assert.equal(local.family === 'ipv6' && local.host, '::ffff:7f00:1');
});

test('isListening() is true only of a socket that listens', (t) => {
  const fd = open(t, 'ipv4');
  assert.equal(isListening(fd), false);
  bindSocket(fd, { family: 'ipv4', host: '127.0.0.1', port: 0 });
  assert.equal(isListening(fd), false);
  listenSocket(fd, 1);
  assert.equal(isListening(fd), true);
  assert.equal(isListening(1_000_000), false);
});

test('a system call that fails throws the errno and says what it means', (t) => {
  const fd = open(t, 'ipv4');
  bindSocket(fd, { family: 'ipv4', host: '127.0.0.1', port: 0 });
  const other = open(t, 'ipv4');
  assert.throws(() => bindSocket(other, localAddress(fd)), {
    code: 'EADDRINUSE',
    message: 'address already in use (EADDRINUSE)',
  });
});

test('every descriptor is closed on exec, duplicates and adopted ones as well', (t) => {
  const fd = open(t, 'unix');
  assert.ok(isClosedOnExec(fd));
  const copy = duplicate(fd);
  t.after(() => closeDescriptor(copy));
  assert.notEqual(copy, fd);
  assert.ok(isClosedOnExec(copy));
  closeOnExec(copy);
  assert.ok(isClosedOnExec(copy));
});
