import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { sendDatagram } from '../../../src/native/datagram.ts';
import { openNotifySocket } from '../../helpers/notify-socket.ts';
import { needsPython } from '../../helpers/python.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const python = { skip: needsPython() };
const module = path.resolve(import.meta.dirname, '../../../src/native/datagram.ts');
const file = import.meta.filename;
const many = 10_000;

/** Sends what the test expects, with garbage all around, and another name for each third one. */
const sender = `
  const [, socket, backend] = process.argv;
  if (backend === 'koffi') process.getBuiltinModule = () => undefined;
  const { openSync } = await import('node:fs');
  const { sendDatagram } = await import(${JSON.stringify(module)});
  const descriptor = openSync(${JSON.stringify(file)});
  const garbage = [];
  for (let count = 0; count < ${many}; count += 1) {
    garbage[count % 100] = Buffer.alloc(20_000, count);
    if (count % 250 === 0) globalThis.gc();
    const text = 'N=' + count + '\\nTEXT=' + 'ü'.repeat(count % 100);
    for (;;) {
      try {
        sendDatagram(socket, text, count % 50 === 0 ? descriptor : null);
        break;
      } catch (error) {
        if (error.code !== 'EAGAIN') throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
`;

async function sendMany(t: TestContext, socket: string, backend: string): Promise<void> {
  const args = ['--expose-gc', '--input-type=module', '-e', sender, '--', socket, backend];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
}

for (const backend of ['the first that is there', 'koffi']) {
  test(
    `${many} datagrams and descriptors arrive as they are, whatever is freed meanwhile: ${backend}`,
    python,
    async (t) => {
      const systemd = await openNotifySocket(t);
      await sendMany(t, systemd.path, backend);
      await systemd.waitUntil('all of them', () => systemd.messages.length === many);
      const { dev, ino } = statSync(file);
      for (const [count, { lines, sockets }] of systemd.messages.entries()) {
        assert.deepEqual(lines, [`N=${count}`, `TEXT=${'ü'.repeat(count % 100)}`]);
        assert.deepEqual(sockets, count % 50 === 0 ? [[dev, ino]] : []);
      }
    },
  );
}

test('an abstract name is a name without a file', python, async (t) => {
  const systemd = await openNotifySocket(t, `@tsgun-test-${process.pid}-datagram`);
  sendDatagram(systemd.path, 'A=1', null);
  sendDatagram(systemd.path, 'B=2', 1);
  await systemd.waitUntil('both', () => systemd.messages.length === 2);
  assert.deepEqual(systemd.texts, ['A=1', 'B=2']);
  assert.equal(systemd.messages[1]?.sockets.length, 1);
  assert.equal(systemd.messages[0]?.pid, process.pid);
});

test('the longest path and the longest text are not cut', python, async (t) => {
  const dir = makeTempDir(t);
  const deep = path.join(dir, 'd'.repeat(107 - dir.length - 3));
  mkdirSync(deep);
  const systemd = await openNotifySocket(t, path.join(deep, 's'));
  assert.equal(systemd.path.length, 107);
  const text = `A=${'x'.repeat(4094)}`;
  sendDatagram(systemd.path, text, null);
  await systemd.waitUntil('it', () => systemd.messages.length === 1);
  assert.deepEqual(systemd.texts, [text]);
  assert.throws(() => sendDatagram(systemd.path, `${text}x`, null), {
    message: 'Cannot send a datagram of 4097 bytes',
  });
});

test(
  'a receiver that has no room is an error at once, by the name that Node has for it',
  python,
  async (t) => {
    const systemd = await openNotifySocket(t);
    systemd.hold();
    const fill = () => {
      for (let count = 0; count < 10_000; count += 1) sendDatagram(systemd.path, 'A=1', null);
    };
    // Until it has heard that it is to read no more it makes room.
    await systemd.waitUntil('it to be full', () => {
      try {
        fill();
        return false;
      } catch (error) {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'EAGAIN');
        return true;
      }
    });
    systemd.resume();
    const heard = systemd.messages.length;
    await systemd.waitUntil('what had room', () => systemd.messages.length > heard);
  },
);

const refused: [what: string, to: (dir: string) => string, error: object][] = [
  ['nothing is there', (dir) => `${dir}/none`, { code: 'ENOENT' }],
  ['a folder', (dir) => dir, { code: 'ECONNREFUSED' }],
  ['a path that is too long', (dir) => `${dir}/${'x'.repeat(107)}`, { code: 'TSGUN_E_SYSTEM' }],
  [
    'another kind of address',
    () => 'vsock:2:1234',
    { message: 'Cannot use "vsock:2:1234" as a Unix socket' },
  ],
  ['nothing', () => '', { code: 'TSGUN_E_SYSTEM' }],
];

for (const [what, to, error] of refused) {
  test(`nothing can be sent to ${what}`, (t) => {
    const target = to(makeTempDir(t));
    assert.throws(() => sendDatagram(target, 'A=1', null), error);
  });
}

test(
  'a descriptor that is none is an error, and the next datagram is none the worse',
  python,
  async (t) => {
    const systemd = await openNotifySocket(t);
    assert.throws(() => sendDatagram(systemd.path, 'A=1', 1_000_000), { code: 'EBADF' });
    sendDatagram(systemd.path, 'B=2', null);
    await systemd.waitUntil('it', () => systemd.messages.length === 1);
    assert.deepEqual(systemd.messages[0]?.sockets, []);
  },
);
