import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { TsgunError } from '../../../src/core/errors.ts';
import { closeDescriptor, isListening, localAddress } from '../../../src/native/sockets.ts';
import { type Bindable, type BindOptions, bindAddress } from '../../../src/sockets/bind.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const options: BindOptions = {
  backlog: 16,
  reusePort: false,
  socketMode: 0o777,
  socketOwner: null,
};
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

const tcp = (host: string, port = 0): Bindable => ({ kind: 'tcp', host, port });
const unix = (file: string): Bindable => ({ kind: 'unix', path: file });

async function bind(t: TestContext, address: Bindable, more: Partial<BindOptions> = {}) {
  const fd = await bindAddress(address, { ...options, ...more });
  t.after(() => closeDescriptor(fd));
  return fd;
}

function portOf(fd: number): number {
  const local = localAddress(fd);
  return 'port' in local ? local.port : 0;
}

/** Connects, which needs nobody who accepts, and leaves. */
const connect = (target: net.NetConnectOpts) =>
  new Promise<void>((resolve, reject) => {
    const socket = net.connect(target, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });

const isBindError = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TsgunError);
  assert.equal(error.code, 'TSGUN_E_BIND');
  assert.match(error.message, message);
  return true;
};

test('bindAddress() listens, and clients wait in the queue of a socket that nobody accepts on', async (t) => {
  const fd = await bind(t, tcp('127.0.0.1'));
  assert.ok(isListening(fd));
  await connect({ host: '127.0.0.1', port: portOf(fd) });
});

test('bindAddress() resolves host names', async (t) => {
  const fd = await bind(t, tcp('localhost'));
  await connect({ host: 'localhost', port: portOf(fd) });
});

test('bindAddress() of every interface takes IPv4 and IPv6', async (t) => {
  const fd = await bind(t, tcp('*'));
  await connect({ host: '127.0.0.1', port: portOf(fd) });
  if (localAddress(fd).family === 'ipv6') await connect({ host: '::1', port: portOf(fd) });
});

test('bindAddress() of an IPv6 address leaves IPv4 alone', async (t) => {
  const fd = await bind(t, tcp('::1'));
  await assert.rejects(connect({ host: '127.0.0.1', port: portOf(fd) }), { code: 'ECONNREFUSED' });
});

test('bindAddress() says which address it cannot have and why', async (t) => {
  const port = portOf(await bind(t, tcp('127.0.0.1')));
  const inUse = `^Cannot listen on "127\\.0\\.0\\.1:${port}": address already in use \\(EADDRINUSE\\)$`;
  await assert.rejects(
    bindAddress(tcp('127.0.0.1', port), options),
    isBindError(new RegExp(inUse)),
  );
  await assert.rejects(
    bindAddress(tcp('192.0.2.1', 80), options),
    isBindError(/^Cannot listen on "192\.0\.2\.1:80": .*\(EADDRNOTAVAIL\)$/),
  );
  await assert.rejects(
    bindAddress(tcp('no-such-host.invalid', 80), options),
    isBindError(/^Cannot listen on "no-such-host\.invalid:80": .*(ENOTFOUND|EAI_AGAIN)/),
  );
});

test('bindAddress() shares a port only with reuse_port', async (t) => {
  const port = portOf(await bind(t, tcp('127.0.0.1'), { reusePort: true }));
  await bind(t, tcp('127.0.0.1', port), { reusePort: true });
  await assert.rejects(bindAddress(tcp('127.0.0.1', port), options), isBindError(/EADDRINUSE/));
});

test('a Unix socket has its mode, whatever the umask, and nothing else is left in its folder', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'app.sock');
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  await bind(t, unix(file), { socketMode: 0o766 });
  assert.equal(statSync(file).mode & 0o7777, 0o766);
  assert.deepEqual(readdirSync(dir), ['app.sock']);
  await connect({ path: file });
});

test('a Unix socket has its owner', rootOnly, async (t) => {
  const file = path.join(makeTempDir(t), 'app.sock');
  await bind(t, unix(file), { socketMode: 0o600, socketOwner: { uid: 12, gid: 34 } });
  const { uid, gid, mode } = statSync(file);
  assert.deepEqual([uid, gid, mode & 0o7777], [12, 34, 0o600]);
});

test('a Unix socket that nobody serves any more is replaced', async (t) => {
  const file = path.join(makeTempDir(t), 'app.sock');
  closeDescriptor(await bindAddress(unix(file), options));
  await assert.rejects(connect({ path: file }), { code: 'ECONNREFUSED' });
  await bind(t, unix(file));
  await connect({ path: file });
});

test('a Unix socket that is served is not taken away, full queue or not', async (t) => {
  const file = path.join(makeTempDir(t), 'app.sock');
  await bind(t, unix(file), { backlog: 1 });
  const { ino } = statSync(file);
  for (let attempt = 0; attempt < 5; attempt += 1)
    await assert.rejects(bindAddress(unix(file), options), isBindError(/EADDRINUSE/));
  assert.equal(statSync(file).ino, ino);
});

test('what is in the place of a Unix socket and is none is left alone', async (t) => {
  const dir = makeTempDir(t);
  const make: Record<string, (file: string) => void> = {
    file: (file) => writeFileSync(file, 'precious'),
    folder: (file) => mkdirSync(file),
    link: (file) => symlinkSync('/nowhere', file),
  };
  for (const [kind, create] of Object.entries(make)) {
    const file = path.join(dir, kind);
    create(file);
    const before = lstatSync(file);
    await assert.rejects(
      bindAddress(unix(file), options),
      isBindError(/: the path exists and is no socket$/),
    );
    assert.equal(lstatSync(file).ino, before.ino);
  }
  assert.equal(readdirSync(dir).length, 3);
});

test('a Unix socket in a folder that is not there, or in the way of the name it is made under', async (t) => {
  const dir = makeTempDir(t);
  await assert.rejects(
    bindAddress(unix(path.join(dir, 'none/app.sock')), options),
    isBindError(/\(ENOENT\)$/),
  );
});

test(
  'mode and owner are never given to what somebody else put in our place',
  rootOnly,
  async (t) => {
    const dir = makeTempDir(t);
    chmodSync(dir, 0o777);
    const secret = path.join(dir, 'secret');
    writeFileSync(secret, 'x', { mode: 0o600 });
    // What an attacker who owns the folder can do before and after; the race itself is theirs to win.
    const file = path.join(dir, 'app.sock');
    symlinkSync(secret, `${file}.${process.pid}`);
    await bindAddress(unix(file), { ...options, socketOwner: { uid: 12, gid: 34 } }).then(
      closeDescriptor,
      () => undefined,
    );
    const { mode, uid } = statSync(secret);
    assert.deepEqual([mode & 0o777, uid], [0o600, process.getuid?.()]);
    assert.equal(execFileSync('cat', [secret], { encoding: 'utf8' }), 'x');
  },
);
