import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { frameFlags, frameTypes } from '../../src/protocol/link.ts';
import { ask, get } from '../helpers/raw-request.ts';
import { type FakeConnection, startGateway, type TestGateway } from '../helpers/start-gateway.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const pidOf = ({ child }: TestGateway): number => child.pid ?? 0;
const descriptorsOf = (gateway: TestGateway) => readdirSync(`/proc/${pidOf(gateway)}/fd`).length;

/** Of its own: without what the files' pages take. */
const memoryOf = (gateway: TestGateway): number =>
  Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pidOf(gateway)}/status`, 'utf8'))?.[1]) *
  1024;

function dial(t: TestContext, { target }: TestGateway): Socket {
  const client = connect('path' in target ? target : { host: '127.0.0.1', ...target });
  client.on('error', () => undefined);
  t.after(() => client.destroy());
  return client;
}

const idle = (gateway: TestGateway) =>
  waitFor('nothing to be left', () => {
    const { inFlight, queued, connections } = gateway.heard('beat').at(-1) ?? {};
    return inFlight === 0 && queued === 0 && connections === 0;
  });

const requestsOf = (connection: FakeConnection) =>
  connection.frames.filter(({ type }) => type === frameTypes.request);

const small = { bodyMemory: 1024, mostBody: 0, responseMemory: 1024, mostResponse: 2 ** 30 };
const upload = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n';
const body = Buffer.alloc(250_000, 97);

/** How far a request gets before its client leaves. */
const stages: Record<string, (client: Socket, main: FakeConnection, count: number) => unknown> = {
  'while it sends its body': (client) => client.write(`${upload}${'x'.repeat(5000)}`),
  'while a worker has it': async (client, main, count) => {
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await main.hear(frameTypes.request, count);
  },
};

for (const [name, begin] of Object.entries(stages)) {
  test(`nothing is left of a thousand clients that leave ${name}`, async (t) => {
    const folder = makeTempDir(t);
    const gateway = await startGateway(t, { buffers: { ...small, folder } });
    const { main } = await gateway.dial({ interface: 'wsgi', capacity: 1000 });
    const round = async () => {
      const from = requestsOf(main).length;
      const clients = Array.from({ length: 20 }, () => dial(t, gateway));
      await Promise.all(clients.map((client, index) => begin(client, main, from + index + 1)));
      await gateway.hear('beat', gateway.heard('beat').length + 1);
      for (const client of clients) client.destroy();
      for (const { stream } of requestsOf(main).slice(from))
        if (name === 'while a worker has it') main.send({ type: frameTypes.abort, stream });
      await idle(gateway);
    };
    await round();
    const before = descriptorsOf(gateway);
    for (let count = 1; count < 50; count += 1) {
      await round();
      main.frames.length = 0;
    }
    await waitFor('the descriptors to be closed', () => descriptorsOf(gateway) <= before + 2);
    assert.deepEqual(readdirSync(folder), []);
  });
}

/** Answers the n-th request of a lane with `size` bytes, whether its client reads or not. */
async function answerAtLength(lane: FakeConnection, count: number, size: number): Promise<void> {
  const { stream } = await lane.hear(frameTypes.request, count);
  const head = `200 OK\nContent-Length\n${size}`;
  lane.send({ type: frameTypes.response, stream, code: head.length }, head);
  for (let sent = 0; sent < size; sent += body.length) {
    const flags = sent + body.length >= size ? frameFlags.end : 0;
    lane.send({ type: frameTypes.data, stream, flags }, body.subarray(0, size - sent));
  }
}

test('nothing is left of clients that leave while their answers wait in files', async (t) => {
  const folder = makeTempDir(t);
  const gateway = await startGateway(t, { buffers: { ...small, folder } });
  const lane = await (await gateway.dial()).addLane();
  const before = descriptorsOf(gateway);
  for (let round = 0; round < 20; round += 1) {
    const clients = Array.from({ length: 10 }, () => dial(t, gateway).pause());
    for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    for (let count = 1; count <= 10; count += 1)
      await answerAtLength(lane, round * 11 + count, 12 * body.length);
    const other = get(gateway.target, '/');
    lane.answer(await lane.hear(frameTypes.request, round * 11 + 11), 'free');
    await other;
    for (const client of clients) client.destroy();
    await idle(gateway);
  }
  await waitFor('the descriptors to be closed', () => descriptorsOf(gateway) <= before + 2);
  assert.deepEqual(readdirSync(folder), []);
});

test('hundreds of slow readers of long answers cost files, and no memory', async (t) => {
  const folder = makeTempDir(t);
  const gateway = await startGateway(t, {
    buffers: { ...small, responseMemory: 65_536, folder },
    queue: { limit: 1000, timeoutMs: 60_000 },
  });
  const lane = await (await gateway.dial()).addLane();
  const before = memoryOf(gateway);
  const clients = Array.from({ length: 300 }, () => dial(t, gateway).pause());
  for (const client of clients) client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const size = 4_500_000;
  for (let count = 1; count <= clients.length; count += 1) await answerAtLength(lane, count, size);
  const other = get(gateway.target, '/');
  lane.answer(await lane.hear(frameTypes.request, clients.length + 1), 'free');
  assert.equal((await other).body, 'free');
  const grown = memoryOf(gateway) - before;
  assert.ok(grown < 250 * 2 ** 20, `it grew by ${Math.round(grown / 2 ** 20)} MiB`);
  let got = 0;
  for (const client of clients) client.on('data', (chunk) => (got += chunk.length)).resume();
  await waitFor('all of it', () => got > clients.length * size, 60_000);
});

test('five hundred slow uploaders hold no worker', async (t) => {
  const gateway = await startGateway(t, { buffers: { ...small, folder: makeTempDir(t) } });
  const lane = await (await gateway.dial()).addLane();
  const clients = Array.from({ length: 500 }, () => dial(t, gateway));
  for (const client of clients) client.write(`${upload}${'x'.repeat(20_000)}`);
  await waitFor('all of them', () => gateway.heard('beat').at(-1)?.inFlight === 500);
  const fast = get(gateway.target, '/fast');
  lane.answer(await lane.hear(frameTypes.request), 'served');
  assert.equal((await fast).body, 'served');
  assert.equal(requestsOf(lane).length, 1);
  assert.ok(memoryOf(gateway) < 300 * 2 ** 20);
});

test('a folder that cannot be written is told, with 500 for who needs it', async (t) => {
  const gateway = await startGateway(t, { buffers: { ...small, folder: '/proc/nowhere' } });
  const lane = await (await gateway.dial()).addLane();
  const long = await ask(gateway.target, 'POST', '/long', { body: 'x'.repeat(100_000) });
  assert.equal(long.status, 500);
  assert.match(gateway.log(), /error: POST \/long: its body cannot be kept: .*ENOENT/);
  const short = ask(gateway.target, 'POST', '/short', { body: 'x' });
  lane.answer(await lane.hear(frameTypes.request), 'fine');
  assert.equal((await short).body, 'fine');
});

test('nothing is left in the folder by a gateway that is killed', async (t) => {
  const folder = makeTempDir(t);
  const gateway = await startGateway(t, { buffers: { ...small, folder } });
  await gateway.dial();
  for (let count = 0; count < 20; count += 1)
    dial(t, gateway).write(`${upload}${'x'.repeat(9000)}`);
  await waitFor('all of them', () => gateway.heard('beat').at(-1)?.inFlight === 20);
  gateway.child.kill('SIGKILL');
  await waitFor('its end', () => gateway.exit);
  assert.deepEqual(readdirSync(folder), []);
});
