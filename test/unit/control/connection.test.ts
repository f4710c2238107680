import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Connection, type ConnectionListeners } from '../../../src/control/connection.ts';
import { defaultLimits } from '../../../src/control/limits.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A connection over a real socket, and its other end. */
async function connect(t: TestContext, listeners: Partial<ConnectionListeners>) {
  const file = path.join(makeTempDir(t), 's');
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(file);
  t.after(() => server.close());
  await once(server, 'listening');
  const client = net.connect({ path: file, allowHalfOpen: true }).pause();
  t.after(() => client.destroy());
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  t.after(() => socket.destroy());
  const peer = { pid: 1, uid: 0, gid: 0, groups: [] };
  const ignore = () => undefined;
  const connection = new Connection(socket, { peer, role: 'admin' }, defaultLimits, {
    line: ignore,
    drained: ignore,
    closed: ignore,
    dismiss: (dismissed, line) => dismissed.end(line),
    ...listeners,
  });
  connection.start();
  return { client, connection, socket };
}

test('after its end every line is taken, although requests are done in between', async (t) => {
  const taken: string[] = [];
  const { client, connection } = await connect(t, {
    line(line, from) {
      taken.push(line);
      from.send(`${'x'.repeat(100)}\n`);
    },
  });
  const count = 20_000;
  client.end(`${'x\n'.repeat(count)}last`);
  await waitFor('a full queue', () => connection.isFull);
  while (connection.isOpen) {
    client.resume();
    await turn();
    client.pause();
    connection.begin();
    connection.done(1);
  }
  assert.deepEqual([taken.length, taken.at(-1)], [count + 1, 'last']);
});

test('lines wait while its queue is full, and nothing more is read', async (t) => {
  let taken = 0;
  const { client, connection, socket } = await connect(t, {
    line(_, from) {
      taken += 1;
      from.send('x'.repeat(300 * 1024));
    },
  });
  client.write('1\n2\n3\n');
  await waitFor('the first line', () => taken > 0);
  client.write('4\n'.repeat(100));
  await turn();
  assert.ok(taken < 3, `${taken} lines`);
  assert.ok(socket.isPaused());
  client.resume();
  await waitFor('the others', () => taken === 103);
  assert.equal(connection.isOpen, true);
});

test('a request in flight keeps it open after its end, and a subscription does not', async (t) => {
  const { client, connection } = await connect(t, { line: (_, from) => from.begin() });
  connection.subscriptions = 1;
  client.end('1\n2\n');
  await waitFor('both', () => connection.inFlight === 2);
  connection.done(1);
  await turn();
  assert.equal(connection.isOpen, true);
  connection.send('answer\n');
  connection.done(1);
  client.resume();
  assert.equal(String((await once(client, 'data'))[0]), 'answer\n');
  await once(client, 'end');
  assert.equal(connection.isOpen, false);
});
