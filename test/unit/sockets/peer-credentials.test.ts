import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { isGone, readPeer } from '../../../src/sockets/peer-credentials.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const run = promisify(execFile);
const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };

async function listen(t: TestContext) {
  const file = path.join(makeTempDir(t), 's');
  const server = net.createServer({ allowHalfOpen: true }).listen(file);
  t.after(() => server.close());
  await once(server, 'listening');
  return { file, server };
}

async function connectTo(t: TestContext, { file, server }: Awaited<ReturnType<typeof listen>>) {
  const client = net.connect({ path: file, allowHalfOpen: true });
  t.after(() => client.destroy());
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  t.after(() => accepted.destroy());
  accepted.on('error', () => undefined);
  return { client, accepted };
}

test('readPeer() tells who has connected', async (t) => {
  const { accepted } = await connectTo(t, await listen(t));
  const { pid, uid, gid, groups } = readPeer(accepted) ?? assert.fail('nobody');
  assert.deepEqual([pid, uid, gid], [process.pid, process.geteuid?.(), process.getegid?.()]);
  const own = process.getgroups?.() ?? [];
  assert.deepEqual(new Set([...groups, gid]), new Set(own));
});

test('readPeer() knows nobody once the connection is gone', async (t) => {
  const { accepted } = await connectTo(t, await listen(t));
  accepted.destroy();
  assert.equal(readPeer(accepted), null);
  assert.equal(isGone(accepted), true);
});

test('readPeer() tells another user and all of its groups, however many', rootOnly, async (t) => {
  const { file, server } = await listen(t);
  await run('chmod', ['777', file]);
  const groups = Array.from({ length: 300 }, (_, index) => 20_000 + index);
  const script = `require('net').connect(${JSON.stringify(file)}).on('data', () => process.exit())`;
  const args = [
    '--reuid=12345',
    '--regid=12346',
    `--groups=${groups}`,
    process.execPath,
    '-e',
    script,
  ];
  const connected = once(server, 'connection');
  const ended = run('setpriv', args);
  const [accepted] = (await connected) as [net.Socket];
  const peer = readPeer(accepted);
  accepted.end('bye');
  await ended;
  assert.deepEqual([peer?.uid, peer?.gid, peer?.groups], [12345, 12346, groups]);
});

test('isGone() tells one who has left from one who only stops sending', async (t) => {
  const listening = await listen(t);
  const half = await connectTo(t, listening);
  half.accepted.resume();
  half.client.end();
  await once(half.accepted, 'end');
  assert.equal(isGone(half.accepted), false);
  half.client.destroy();
  await waitFor('the client to be gone', () => isGone(half.accepted));
});

test('everything is the same with koffi', async () => {
  const [version = 0] = process.versions.node.split('.').map(Number);
  if (version < 26 || process.execArgv.includes('--no-experimental-ffi')) return;
  const file = import.meta.filename;
  await run(process.execPath, ['--no-experimental-ffi', '--test', file], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
});
