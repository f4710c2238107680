import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { methodNames } from '../../src/protocol/control/methods.ts';
import {
  expectService,
  type Json,
  RawClient,
  startControlServer,
} from '../helpers/control-server.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const MiB = 1024 * 1024;
const ping = (id: unknown) => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })}\n`;

/** Another process that does something to the socket; its pid is not ours. */
async function startOther(t: TestContext, script: string, ...args: string[]) {
  const dir = makeTempDir(t);
  writeFiles(dir, {
    'other.mjs': `import net from 'node:net'; const [, , path, ...args] = process.argv; ${script}`,
  });
  const child = fork(join(dir, 'other.mjs'), args);
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return child;
}

/** Opens as many connections as it is told to, in waves, and holds all that it is let hold. */
const holdMany = `
  let opened = 0;
  const connect = () => new Promise((resolve) => {
    const socket = net.connect(path).resume();
    socket.on('connect', () => { opened += 1; resolve(); });
    socket.on('error', () => resolve()); // cut, or the queue is full at this moment
  });
  while (opened < Number(args[0])) await Promise.all(Array.from({ length: 100 }, connect));
  process.send('opened');
  setInterval(() => {}, 1000);`;

const descriptors = () => readdirSync('/proc/self/fd').length;

test('ten thousand connections of one process lock nobody out and cost no descriptors', async (t) => {
  const { path, server } = await startControlServer(t, { limits: { connections: 64 } });
  const before = descriptors();
  const early = await RawClient.connect(t, path);
  const other = await startOther(t, holdMany, path, '10000');
  const filled = once(other, 'message');
  await waitFor('the house to be full', () => server.counts.connections === 64);
  await expectService(t, path);
  await filled;
  const most = descriptors();
  assert.ok(most < before + 64 + 64 + 20, `${most} descriptors`); // served ones, and cut ones that linger
  await expectService(t, path);
  assert.ok(
    (await early.ask('ping')).result,
    'who came before and holds little keeps its connection',
  );
  assert.ok(server.counts.connections <= 64);
  assert.ok(server.counts.refused >= 10_000 - 64);
  await waitFor('descriptors to be given back', () => descriptors() < before + 64 + 20, 3000);
});

test('a full house lets a new one in for the oldest idle one, and says so to it', async (t) => {
  const { path, server } = await startControlServer(t, {
    limits: { connections: 4 },
    api: { status: () => new Promise(() => undefined) },
  });
  const busy = await RawClient.connect(t, path);
  busy.send({ jsonrpc: '2.0', id: 1, method: 'status' });
  await waitFor('the call', () => server.counts.calls === 1);
  const subscriber = await RawClient.connect(t, path);
  await subscriber.ask('subscribe', ['events']);
  const idle = await RawClient.connect(t, path);
  await idle.ask('ping');
  const younger = await RawClient.connect(t, path);
  await waitFor('the house to be full', () => server.counts.connections === 4);
  const late = await RawClient.connect(t, path);
  await late.ask('ping');
  await idle.untilEnd();
  assert.equal(younger.ended, false);
  const { id, error } = await idle.find('why', (line) => line.error);
  assert.deepEqual([id, error.code, error.data.code], [null, -32_014, 'TSGUN_E_BUSY']);
  late.send({ jsonrpc: '2.0', id: 1, method: 'status' });
  younger.send({ jsonrpc: '2.0', id: 1, method: 'status' });
  await waitFor('the calls', () => server.counts.calls === 6);
  // Nobody is idle any more: the oldest goes.
  await expectService(t, path);
  await busy.untilEnd();
  assert.equal(subscriber.ended, false);
});

test('more requests in flight than allowed are refused one by one, those of batches too', async (t) => {
  const state = { go() {} };
  const { path, server } = await startControlServer(t, {
    limits: { inFlight: 3 },
    api: {
      status: () =>
        new Promise((resolve) => {
          const { go } = state;
          state.go = () => {
            go();
            resolve('ok');
          };
        }),
    },
  });
  const client = await RawClient.connect(t, path);
  const status = (id: number) => ({ jsonrpc: '2.0', id, method: 'status' });
  client.send(status(1));
  client.send([status(2), status(3), status(4), { jsonrpc: '2.0', method: 'status' }]);
  client.send(status(5));
  assert.deepEqual([(await client.next()).id, server.counts.calls], [5, 3]);
  state.go();
  const answers = [await client.next(), await client.next()].flat();
  const codes = Object.fromEntries(answers.map(({ id, error }: Json) => [id, error?.data.code]));
  assert.deepEqual(codes, { 1: undefined, 2: undefined, 3: undefined, 4: 'TSGUN_E_BUSY' });
  assert.ok((await client.ask('ping')).result);
  assert.equal(server.counts.refused, 3);
});

test('a batch that is too long is refused as a whole', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  client.write(`[${Array(200_000).fill('1')}]\n`);
  const answer = await client.next();
  assert.equal(answer.error.code, -32_600);
  assert.match(answer.error.message, /a batch may have 128 requests, not 200000$/);
  assert.equal(server.counts.calls, 0);
});

test('a line may be 1 MiB long; one that is longer ends its connection, ended or not', async (t) => {
  const { path } = await startControlServer(t);
  const padded = (length: number) => `${ping(1).trim().padEnd(length, ' ')}`;
  const good = await RawClient.connect(t, path);
  good.write(`${padded(MiB)}\n`);
  assert.equal((await good.next()).id, 1);
  for (const end of ['\n', '']) {
    const client = await RawClient.connect(t, path);
    client.write(padded(MiB + 1) + end);
    await client.untilEnd();
    const { id, error } = await client.next();
    assert.deepEqual([id, error.data.code], [null, 'TSGUN_E_USAGE']);
    assert.match(error.message, /more than 1048576 bytes$/);
  }
  await expectService(t, path);
});

test('one who sends for ever without a line end is cut, and costs no memory', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  const before = process.memoryUsage().rss;
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let sent = 0; sent < 64 && !client.ended; sent += 1)
    await new Promise<void>((resolve) => client.socket.write(chunk, () => resolve()));
  await client.untilEnd();
  await waitFor('the connection to be gone', () => server.counts.connections === 0);
  assert.ok(process.memoryUsage().rss - before < 32 * MiB);
});

test('half lines wait, as many as there are connections', async (t) => {
  const { path } = await startControlServer(t);
  const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(t, path)));
  for (const client of clients) client.write('{"jsonrpc":"2.0","id":"half",');
  await expectService(t, path);
  for (const client of clients) client.write('"method":"ping"}\n');
  for (const client of clients) assert.equal((await client.next()).id, 'half');
});

test('nothing more is read from one who does not read, and it gets all of its answers when it does', async (t) => {
  const { path, server } = await startControlServer(t, {
    api: { status: () => 'x'.repeat(10_000) },
    limits: { inFlight: 1000 },
  });
  const client = await RawClient.connect(t, path);
  client.socket.pause();
  const count = 20_000;
  const before = process.memoryUsage();
  let written = false;
  const all = Array.from({ length: count }, (_, id) =>
    JSON.stringify({ jsonrpc: '2.0', id, method: 'status' }),
  );
  client.socket.write(`${all.join('\n')}\n`, () => {
    written = true;
  });
  const { calls } = await settle(() => server.counts);
  assert.ok(calls < count / 5 && !written, `${calls} calls were taken`);
  await expectService(t, path);
  assert.ok(process.memoryUsage().rss - before.rss < 100 * MiB);
  client.socket.resume();
  await waitFor('all answers', () => client.lines.length === count);
  assert.equal(new Set(client.lines.map(({ id }) => id)).size, count);
});

test('one who reads slowly and has ended its side gets all of its answers as well', async (t) => {
  const state = { go() {} };
  const { path } = await startControlServer(t, {
    api: {
      status: () =>
        new Promise((resolve) => {
          state.go = () => resolve('late');
        }),
    },
  });
  const client = await RawClient.connect(t, path);
  client.socket.pause();
  const garbage = 20_000;
  client.send({ jsonrpc: '2.0', id: 'status', method: 'status' });
  client.write(`${'x\n'.repeat(garbage)}${ping('last').trim()}`);
  client.socket.end();
  await expectService(t, path);
  for (let turn = 0; !client.ended; turn += 1) {
    client.socket.resume();
    await new Promise((resolve) => setImmediate(resolve));
    client.socket.pause();
    if (turn === 3) state.go();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const ids = client.lines.map(({ id }) => id);
  assert.deepEqual([ids.length, ids.at(-1), ids.includes('status')], [garbage + 2, 'last', true]);
});

/** What a value is when it has not changed for a while. */
async function settle<T>(look: () => T): Promise<T> {
  let last = '';
  let since = performance.now();
  return waitFor('rest', () => {
    const text = JSON.stringify(look());
    if (text !== last) [last, since] = [text, performance.now()];
    return performance.now() - since > 200 ? look() : undefined;
  });
}

test('errors in answer to garbage wait as well', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  client.socket.pause();
  const before = process.memoryUsage().rss;
  client.write('x\n'.repeat(MiB));
  await settle(() => server.counts);
  await expectService(t, path);
  assert.ok(process.memoryUsage().rss - before < 64 * MiB);
});

const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text)),
  fc.json({ maxDepth: 4 }).map((text) => Buffer.from(`${text}\n`)),
  fc
    .record(
      {
        jsonrpc: fc.oneof(
          { weight: 5, arbitrary: fc.constant('2.0') },
          { weight: 1, arbitrary: fc.jsonValue() },
        ),
        id: fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.jsonValue()),
        method: fc.oneof(fc.constantFrom(...methodNames, '__proto__', ''), fc.string()),
        params: fc.oneof(
          fc.jsonValue(),
          fc.dictionary(
            fc.constantFrom('workers', 'slot', 'topic', 'since', '__proto__', 'x'),
            fc.jsonValue(),
          ),
        ),
      },
      { requiredKeys: [] },
    )
    .chain((request) => fc.constantFrom(request, [request], [request, request, 1]))
    .map((message) => Buffer.from(`${JSON.stringify(message)}\n`)),
);

test('garbage of any kind gets errors or an end, and nobody else notices', {
  timeout: 60_000,
}, async (t) => {
  const { path, server, log } = await startControlServer(t);
  await fc.assert(
    fc.asyncProperty(fc.array(garbage, { minLength: 1, maxLength: 12 }), async (parts) => {
      const client = await RawClient.connect(t, path);
      for (const part of parts) client.write(part);
      client.socket.end();
      await client.untilEnd();
      for (const line of client.lines.flat())
        assert.ok(
          line.jsonrpc === '2.0' && ('result' in line || 'error' in line || 'method' in line),
        );
    }),
    { numRuns: 150 },
  );
  await expectService(t, path);
  await waitFor('all connections to be gone', () => server.counts.connections === 0);
  assert.deepEqual(
    log.filter(({ level }) => level === 'error'),
    [],
  );
});

const acts: Record<string, (client: net.Socket) => unknown> = {
  write: (client) => client.writable && client.write(ping(1)),
  big: (client) =>
    client.writable && client.write('{"jsonrpc":"2.0","id":1,"method":"status"}\n'.repeat(50)),
  end: (client) => client.end(),
  reset: (client) => client.destroy(),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

test('connections that are torn down at any moment leave nothing behind', async (t) => {
  const { path, server } = await startControlServer(t, {
    api: { status: () => new Promise((resolve) => setImmediate(resolve, 'x'.repeat(100_000))) },
  });
  const before = descriptors();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(acts)), { maxLength: 8 }),
      async (names) => {
        const client = net.connect({ path, allowHalfOpen: true });
        client.on('error', () => undefined).resume();
        await once(client, 'connect');
        for (const name of names) await acts[name]?.(client);
        client.destroy();
      },
    ),
    { numRuns: 200 },
  );
  await expectService(t, path);
  await waitFor('all connections to be gone', () => server.counts.connections === 0);
  await waitFor('descriptors to be given back', () => descriptors() <= before + 2);
});
