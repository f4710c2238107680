import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ControlSocket, type ControlSocketOptions } from '../../../src/control/control-socket.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

async function open(
  t: TestContext,
  file: string,
  more: Partial<ControlSocketOptions> = {},
): Promise<ControlSocket> {
  const socket = await ControlSocket.open({ path: file, mode: 0o600, group: null, ...more });
  t.after(() => socket.close());
  return socket;
}

const refused = (why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TsgunError, String(error));
  assert.equal(error.code, 'TSGUN_E_CONTROL');
  assert.match(error.message, /^Cannot use control socket "\//);
  assert.match(error.message, why);
  return true;
};

/** Connects and leaves. */
const reach = (file: string) =>
  new Promise<void>((resolve, reject) => {
    const client = net.connect(file, () => {
      client.destroy();
      resolve();
    });
    client.once('error', reject);
  });

/** What a killed server leaves behind. */
async function leaveStale(file: string): Promise<void> {
  const server = net.createServer().listen(`${file}.real`);
  await once(server, 'listening');
  const { linkSync } = await import('node:fs');
  linkSync(`${file}.real`, file);
  server.close();
  await once(server, 'close');
  await assert.rejects(reach(file), { code: 'ECONNREFUSED' });
}

test('it listens with its mode, whatever the umask, and leaves nothing else in its folder', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'control.sock');
  for (const umask of [0, 0o077]) {
    const before = process.umask(umask);
    t.after(() => process.umask(before));
    const socket = await open(t, file, { mode: 0o660 });
    assert.equal(process.umask(), umask);
    assert.equal(statSync(file).mode & 0o7777, 0o660);
    assert.deepEqual(readdirSync(dir), ['control.sock']);
    await reach(file);
    await socket.close();
    assert.deepEqual(readdirSync(dir), []);
  }
});

test('it has its group', rootOnly, async (t) => {
  const file = path.join(makeTempDir(t), 'control.sock');
  await open(t, file, { mode: 0o660, group: 4321 });
  const { uid, gid, mode } = statSync(file);
  assert.deepEqual([uid, gid, mode & 0o7777], [process.getuid?.(), 4321, 0o660]);
});

test('the socket of a dead process is replaced', async (t) => {
  const file = path.join(makeTempDir(t), 'control.sock');
  await leaveStale(file);
  await open(t, file);
  await reach(file);
});

test('the socket of a living process is not, and nothing is left of the attempt', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'control.sock');
  await open(t, file);
  const { ino } = statSync(file);
  await assert.rejects(open(t, file), refused(/: another process listens there$/));
  assert.equal(statSync(file).ino, ino);
  assert.deepEqual(readdirSync(dir), ['control.sock']);
});

test('one whose queue is full is living as well', async (t) => {
  const file = path.join(makeTempDir(t), 'control.sock');
  const module = path.resolve(import.meta.dirname, '../../../src/native/sockets.ts');
  const { bindSocket, closeDescriptor, listenSocket, openSocket } = await import(module);
  const fd = openSocket('unix');
  t.after(() => closeDescriptor(fd));
  bindSocket(fd, { family: 'unix', path: file });
  listenSocket(fd, 0);
  for (let count = 0; count < 3; count += 1)
    await assert.rejects(open(t, file), refused(/another process listens there$/));
});

test('what is no socket is left alone', async (t) => {
  const dir = makeTempDir(t);
  const make: Record<string, (file: string) => void> = {
    file: (file) => writeFileSync(file, 'precious'),
    folder: (file) => mkdirSync(file),
    link: (file) => symlinkSync('/nowhere', file),
  };
  for (const [kind, create] of Object.entries(make)) {
    const file = path.join(dir, kind);
    create(file);
    const { ino } = lstatSync(file);
    for (const replace of [false, true])
      await assert.rejects(
        open(t, file, { replace }),
        refused(/: the path exists and is no socket$/),
      );
    assert.equal(lstatSync(file).ino, ino);
  }
  assert.deepEqual(readdirSync(dir).toSorted(), ['file', 'folder', 'link']);
});

test('a path that no socket address holds is refused', async (t) => {
  const dir = makeTempDir(t);
  const long = path.join(dir, 'x'.repeat(200));
  await assert.rejects(open(t, long), refused(/: the path is longer than 107 bytes$/));
  const most = path.join(dir, 'x'.repeat(107 - dir.length - 1));
  await open(t, most);
  await reach(most);
  const folder = path.join(dir, 'y'.repeat(107 - dir.length - 3));
  await assert.rejects(open(t, path.join(folder, 's')), refused(/folder is too long$/));
  assert.equal(existsSync(folder), false);
});

test('missing folders are made for everybody to enter, and go with it', async (t) => {
  const dir = makeTempDir(t);
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  const file = path.join(dir, 'a/b/control.sock');
  const socket = await open(t, file);
  for (const folder of ['a', 'a/b'])
    assert.equal(statSync(path.join(dir, folder)).mode & 0o7777, 0o755);
  await socket.close();
  assert.deepEqual(readdirSync(dir), []);
});

test('folders that were there, or are in use, stay', async (t) => {
  const dir = makeTempDir(t);
  mkdirSync(path.join(dir, 'there'));
  const socket = await open(t, path.join(dir, 'there/new/control.sock'));
  writeFileSync(path.join(dir, 'there/new/other'), '');
  await socket.close();
  assert.deepEqual(readdirSync(path.join(dir, 'there/new')), ['other']);
  rmSync(path.join(dir, 'there/new'), { recursive: true });
  await (await open(t, path.join(dir, 'there/control.sock'))).close();
  assert.deepEqual(readdirSync(dir), ['there']);
});

test('folders made for nothing go at once', async (t) => {
  const dir = makeTempDir(t);
  await assert.rejects(
    open(t, path.join(dir, 'a/b/control.sock'), { group: 2 ** 33 }),
    refused(/./),
  );
  assert.deepEqual(readdirSync(dir), []);
});

test('a file where a folder should be is told', async (t) => {
  const dir = makeTempDir(t);
  writeFileSync(path.join(dir, 'file'), '');
  await assert.rejects(
    open(t, path.join(dir, 'file/control.sock')),
    refused(/\((ENOTDIR|EEXIST)\)$/),
  );
});

test('a successor takes the name over, and its predecessor leaves it alone', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'run/control.sock');
  const old = await open(t, file);
  const successor = await open(t, file, { replace: true, folders: old.folders });
  const { ino } = lstatSync(file);
  await old.close();
  assert.equal(lstatSync(file).ino, ino);
  await reach(file);
  await successor.close();
  assert.deepEqual(readdirSync(dir), []);
});

test('at its end it leaves alone what somebody else has put in its place', async (t) => {
  const file = path.join(makeTempDir(t), 'control.sock');
  const socket = await open(t, file);
  rmSync(file);
  writeFileSync(file, 'precious');
  await socket.close();
  assert.ok(lstatSync(file).isFile());
});

test('who connects before anybody listens to it is kept', async (t) => {
  const file = path.join(makeTempDir(t), 'control.sock');
  const socket = await open(t, file);
  const client = net.connect(file);
  t.after(() => client.destroy());
  await once(client, 'connect');
  client.write('early');
  await reach(file);
  const said = new Promise((resolve) => {
    socket.accept((accepted) => {
      t.after(() => accepted.destroy());
      accepted.on('error', () => undefined);
      accepted.on('data', (text) => resolve(String(text))).resume();
    });
  });
  assert.equal(await said, 'early');
});

test('of several that start at once exactly one wins, over a stale socket too', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'run/control.sock');
  for (const stale of [false, true]) {
    if (stale) {
      mkdirSync(path.dirname(file));
      await leaveStale(file);
    }
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => open(t, file)));
    const won = all.filter((each) => each.status === 'fulfilled');
    assert.equal(won.length, 1);
    await reach(file);
    await won[0]?.value.close();
    rmSync(path.dirname(file), { recursive: true, force: true });
  }
});

test('of several processes that start at once exactly one wins', async (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'run/control.sock');
  const module = path.resolve(import.meta.dirname, '../../../src/control/control-socket.ts');
  writeFiles(dir, {
    'start.mjs': `import { ControlSocket } from ${JSON.stringify(module)};
      process.on('message', () => ControlSocket.open({ path: process.argv[2], mode: 0o600, group: null })
        .then(() => process.send('won'), (error) => process.send(error.message)));
      process.send('here');`,
  });
  const children = Array.from({ length: 4 }, () => fork(path.join(dir, 'start.mjs'), [file]));
  t.after(() => children.map((child) => child.kill('SIGKILL')));
  await Promise.all(children.map((child) => once(child, 'message')));
  const answers = await Promise.all(
    children.map(async (child) => {
      child.send('go');
      const [answer] = await once(child, 'message');
      return String(answer);
    }),
  );
  assert.equal(answers.filter((answer) => answer === 'won').length, 1, answers.join());
  assert.equal(answers.filter((answer) => /another process listens there$/.test(answer)).length, 3);
  await reach(file);
});
