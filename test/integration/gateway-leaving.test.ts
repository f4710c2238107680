import assert from 'node:assert/strict';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { frameFlags, frameTypes } from '../../src/protocol/link.ts';
import { get, readAnswer } from '../helpers/raw-request.ts';
import { type FakeConnection, startGateway, type TestGateway } from '../helpers/start-gateway.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const asgi = { interface: 'asgi', capacity: 10 } as const;
const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

function dial(t: TestContext, { target }: TestGateway, bytes: string): Socket {
  const client = connect('path' in target ? target : { host: '127.0.0.1', ...target });
  client.on('error', () => undefined);
  t.after(() => client.destroy());
  client.write(bytes);
  return client;
}

async function beginEvents(main: FakeConnection): Promise<number> {
  const { stream } = await main.hear(frameTypes.request);
  const head = '200 OK\nContent-Type\ntext/event-stream';
  main.send({ type: frameTypes.response, stream, code: head.length }, head);
  return stream;
}

const longLived = (gateway: TestGateway, count: number) =>
  waitFor(`${count} that last`, () => gateway.heard('beat').at(-1)?.longLived === count);

test('an event stream is forgotten when its client leaves, or its app ends it', async (t) => {
  const gateway = await startGateway(t);
  const { main } = await gateway.dial(asgi);
  const client = dial(t, gateway, request('/events'));
  await beginEvents(main);
  await longLived(gateway, 1);
  client.destroy();
  await longLived(gateway, 0);
  const second = (await gateway.dial({ ...asgi, child: 2, slot: 0 })).main;
  main.end();
  const ended = get(gateway.target, '/events');
  const stream = await beginEvents(second);
  await longLived(gateway, 1);
  second.send({ type: frameTypes.data, stream, flags: frameFlags.end }, 'data: 1\n\n');
  assert.equal((await ended).body, 'data: 1\n\n');
  await longLived(gateway, 0);
});

test('an event stream whose client is slow ends with all that was said', async (t) => {
  const gateway = await startGateway(t, { drainLongMs: 1 });
  const { main } = await gateway.dial(asgi);
  const client = dial(t, gateway, request('/events')).pause();
  const stream = await beginEvents(main);
  let credit = 256 * 1024;
  let sent = 0;
  const part = Buffer.alloc(100_000, 97);
  const credits = () => main.frames.filter(({ type }) => type === frameTypes.credit);
  for (let before = -1; before !== sent; ) {
    before = sent;
    credit = 256 * 1024 + credits().reduce((sum, { code }) => sum + code, 0);
    for (; sent + part.length <= credit; sent += part.length)
      main.send({ type: frameTypes.data, stream }, part);
    await gateway.hear('beat', gateway.heard('beat').length + 2);
  }
  main.send({ type: frameTypes.rest, code: 1 });
  await main.hear(frameTypes.cancel);
  main.send({ type: frameTypes.abort, stream });
  let text = '';
  client.on('data', (chunk) => (text += chunk)).resume();
  await waitFor('the end', () => text.endsWith('\r\n0\r\n\r\n'));
  assert.equal(readAnswer(text).body.length, sent);
  assert.equal(gateway.exit, null);
});

test('what waits when the gateway leaves is served first', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const answers = ['/1', '/2', '/3'].map((target) => get(gateway.target, target));
  await waitFor('two that wait', () => gateway.heard('beat').at(-1)?.queued === 2);
  gateway.send({ type: 'drain', linger: 'brief', graceMs: 20_000, emptyBacklog: true } as never);
  for (let count = 1; count <= 3; count += 1)
    lane.answer(await lane.hear(frameTypes.request, count), 'served');
  for (const answer of answers) assert.equal((await answer).body, 'served');
  await gateway.hear('drained');
});

test('a request on its way on an idle connection is answered by a gateway that leaves', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const client = dial(t, gateway, request('/1'));
  let text = '';
  client.on('data', (chunk) => (text += chunk));
  lane.answer(await lane.hear(frameTypes.request), 'one');
  await waitFor('the first answer', () => text.endsWith('one'));
  gateway.send({ type: 'drain', linger: 'brief', graceMs: 20_000, emptyBacklog: true } as never);
  client.write(request('/2'));
  lane.answer(await lane.hear(frameTypes.request, 2), 'two');
  await once(client, 'close');
  assert.match(text, /Connection: close\r\n\r\ntwo$/);
});

test('whoever connects while it pauses is served afterwards', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  gateway.send({ type: 'pause' });
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  const answer = get(gateway.target, '/');
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  assert.equal(gateway.heard('beat').at(-1)?.connections, 0);
  gateway.send({ type: 'unpause' });
  lane.answer(await lane.hear(frameTypes.request), 'served');
  assert.equal((await answer).body, 'served');
});

test('a client that says that it sends no more has gone', async (t) => {
  const gateway = await startGateway(t);
  const { main } = await gateway.dial(asgi);
  const client = dial(t, gateway, request('/'));
  const { stream } = await main.hear(frameTypes.request);
  client.end();
  assert.equal((await main.hear(frameTypes.cancel)).code, 1);
  main.send({ type: frameTypes.abort, stream });
  await waitFor('nobody', () => gateway.heard('beat').at(-1)?.connections === 0);
});

/** A lane whose worker answers with a file of 30 MB, which the gateway opens itself. */
async function answerWithFile(t: TestContext, length = 30_000_000) {
  const gateway = await startGateway(t);
  const worker = await gateway.dial();
  const lane = await worker.addLane();
  const file = path.join(makeTempDir(t), 'file');
  writeFileSync(file, Buffer.alloc(30_000_000, 97));
  const fd = openSync(file, 'r');
  const client = dial(t, gateway, request('/file')).pause();
  const { stream } = await lane.hear(frameTypes.request);
  const head = `200 OK\nContent-Length\n${length}`;
  lane.send({ type: frameTypes.response, stream, code: head.length }, head);
  const part = Buffer.alloc(16);
  part.writeBigUInt64LE(BigInt(length), 8);
  lane.send({ type: frameTypes.file, stream, code: fd }, part);
  assert.equal((await lane.hear(frameTypes.fileTaken)).code, 1);
  return { gateway, worker, client };
}

test('a file goes on when its worker has died', async (t) => {
  const { worker, client } = await answerWithFile(t);
  worker.end();
  let size = 0;
  client.on('data', (chunk) => (size += chunk.length)).resume();
  await waitFor('all of it', () => size > 30_000_000);
});

test('a file that is shorter than was said is cut off, and told', async (t) => {
  const { gateway, client } = await answerWithFile(t, 30_000_001);
  client.resume();
  await once(client, 'close');
  assert.match(gateway.log(), /error: GET \/file: the answer is cut off: it is shorter/);
});

test('a client that leaves while it is sent a file is no error', async (t) => {
  const { gateway, client } = await answerWithFile(t);
  client.destroy();
  await waitFor('nobody', () => gateway.heard('beat').at(-1)?.connections === 0);
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  assert.equal(gateway.log(), '');
});
