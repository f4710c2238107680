import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { frameFlags, frameTypes } from '../../src/protocol/link.ts';
import { exchange, get, readAnswer } from '../helpers/raw-request.ts';
import { type FakeConnection, startGateway, type TestGateway } from '../helpers/start-gateway.ts';
import { waitFor } from '../helpers/wait-for.ts';

const line = 'POST / HTTP/1.1\r\nHost: x\r\n';
const chunked = `${line}Transfer-Encoding: chunked\r\n\r\n`;

/** Two parties could read each of these in two ways. */
const ambiguous: Record<string, string> = {
  'both kinds of length': `${line}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'two lengths': `${line}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
  'a list of lengths': `${line}Content-Length: 5, 5\r\n\r\nabcde`,
  'a length with a sign': `${line}Content-Length: +5\r\n\r\nabcde`,
  'a negative length': `${line}Content-Length: -5\r\n\r\nabcde`,
  'an encoding that is not the last': `${line}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
  'an unknown encoding': `${line}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'a chunk size that is none': `${chunked}x\r\nabc\r\n0\r\n\r\n`,
  'a chunk size with a prefix': `${chunked}0x3\r\nabc\r\n0\r\n\r\n`,
  'a chunk that is longer than its size': `${chunked}3\r\nabcd\r\n0\r\n\r\n`,
  'a chunk size that overflows': `${chunked}fffffffffffffffff\r\nabc\r\n0\r\n\r\n`,
  'a space before the colon': `${line}Content-Length : 5\r\n\r\nabcde`,
  'a folded field': `${line}X-A: 1\r\n Content-Length: 5\r\n\r\nabcde`,
  'a bare line feed': 'POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n',
  'a bare carriage return': `${line}X-A: 1\rContent-Length: 5\r\n\r\nabcde`,
  'a zero byte': `${line}X-A: 1\0\r\n\r\n`,
  'a name with a line feed': `${line}X\nA: 1\r\n\r\n`,
  'two hosts': `${line}Host: y\r\n\r\n`,
  'no host': 'POST / HTTP/1.1\r\n\r\n',
  'no version': 'POST /\r\n\r\n',
  'an unknown version': 'POST / HTTP/1.2\r\nHost: x\r\n\r\n',
  'an old version': 'POST / HTTP/0.9\r\nHost: x\r\n\r\n',
  'chunks and an old version': 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a space in the target': 'POST /a b HTTP/1.1\r\nHost: x\r\n\r\n',
  'a target that is none': 'POST a HTTP/1.1\r\nHost: x\r\n\r\n',
  'a star for another method': 'POST * HTTP/1.1\r\nHost: x\r\n\r\n',
};

for (const [name, bytes] of Object.entries(ambiguous)) {
  test(`a request with ${name} is refused, and what follows is no request`, async (t) => {
    const gateway = await startGateway(t);
    const lane = await (await gateway.dial()).addLane();
    const raw = await exchange(
      gateway.target,
      `${bytes}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`,
      2000,
    );
    // Nothing, when Node meets something after a request that it takes for the last one.
    assert.match(raw, /^(HTTP\/1\.1 (400|505) |$)/);
    const seen = lane.frames.filter(({ type }) => type === frameTypes.request);
    assert.deepEqual(
      seen.map(({ payload }) => payload.toString('latin1')),
      [],
    );
  });
}

async function startWithLane(t: TestContext, start: Parameters<typeof startGateway>[1] = {}) {
  const gateway = await startGateway(t, start);
  return { gateway, lane: await (await gateway.dial()).addLane() };
}

function dial(t: TestContext, { target }: TestGateway): { client: Socket; heard: () => string } {
  const client = connect('path' in target ? target : { host: '127.0.0.1', ...target });
  t.after(() => client.destroy());
  client.on('error', () => undefined);
  let text = '';
  client.on('data', (chunk) => (text += chunk));
  return { client, heard: () => text };
}

/** Answers n requests with their own paths, in the order in which they came. */
async function echo(lane: FakeConnection, from: number, to: number): Promise<void> {
  for (let count = from; count <= to; count += 1) {
    const request = await lane.hear(frameTypes.request, count);
    const [, path = ''] = /\nRAW_URI\n([^\n]*)/.exec(request.payload.toString('latin1')) ?? [];
    lane.answer(request, path);
  }
}

test('ten requests in one packet are answered in their order', async (t) => {
  const { gateway, lane } = await startWithLane(t);
  const { client, heard } = dial(t, gateway);
  const paths = Array.from({ length: 10 }, (_, index) => `/${index}`);
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  await echo(lane, 1, 10);
  await waitFor('all of them', () => heard().includes('/9'));
  assert.deepEqual(heard().match(/^\/\d$|(?<=\r\n\r\n)\/\d/gm), paths);
  assert.equal(gateway.stderr, '');
});

test('a client that leaves with several requests takes all of them along', async (t) => {
  const { gateway, lane } = await startWithLane(t);
  const { client } = dial(t, gateway);
  client.write('GET /one HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(30));
  await lane.hear(frameTypes.request);
  await waitFor('all of them', () => gateway.heard('beat').at(-1)?.inFlight === 30);
  client.destroy();
  await waitFor('nothing', () => {
    const { queued, inFlight } = gateway.heard('beat').at(-1) ?? {};
    return queued === 0 && inFlight === 0;
  });
  await waitFor('the lane to be closed', () => lane.closed);
  assert.equal(gateway.stderr, '');
});

test('a request behind another one is not begun before it is sure to be answered', async (t) => {
  const gateway = await startGateway(t);
  const { main } = await gateway.dial({ interface: 'asgi', capacity: 10 });
  const { client, heard } = dial(t, gateway);
  client.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\n\r\n');
  const first = await main.hear(frameTypes.request);
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  main.answer(first, 'first', '200 OK\nConnection\nclose');
  await once(client, 'close');
  assert.equal(readAnswer(heard()).body, 'first');
  assert.equal(main.frames.filter(({ type }) => type === frameTypes.request).length, 1);
});

test('a body that is too long is refused while it is sent, in a way that can be read', async (t) => {
  const buffers = { bodyMemory: 1024, mostBody: 100_000, responseMemory: 1024, mostResponse: 1e9 };
  const { gateway } = await startWithLane(t, { buffers: buffers as never });
  for (const head of ['Content-Length: 5000000', 'Transfer-Encoding: chunked']) {
    const { client, heard } = dial(t, gateway);
    client.write(`${line}${head}\r\n\r\n`);
    const part = 'x'.repeat(10_000);
    const isChunked = head.startsWith('T');
    for (let count = 0; count < 500; count += 1)
      client.write(isChunked ? `2710\r\n${part}\r\n` : part);
    if (isChunked) client.write('0\r\n\r\n');
    await once(client, 'close');
    const { status, complete } = readAnswer(heard());
    assert.deepEqual([status, complete], [413, true], head);
  }
});

test('100 Continue is said to who may send a body, and not to who is refused', async (t) => {
  const buffers = { bodyMemory: 1024, mostBody: 1000, responseMemory: 1024, mostResponse: 1e9 };
  const { gateway, lane } = await startWithLane(t, { buffers: buffers as never });
  const expects = `${line}Expect: 100-continue\r\nConnection: close\r\n`;
  const refused = await exchange(gateway.target, `${expects}Content-Length: 5000\r\n\r\n`);
  assert.match(refused, /^HTTP\/1\.1 413 /);
  const strange = await exchange(
    gateway.target,
    `${line}Expect: tea\r\nConnection: close\r\nContent-Length: 5\r\n\r\n`,
  );
  assert.match(strange, /^HTTP\/1\.1 417 /);
  const { client, heard } = dial(t, gateway);
  client.write(`${expects}Content-Length: 3\r\n\r\n`);
  await waitFor('100', () => heard() === 'HTTP/1.1 100 Continue\r\n\r\n');
  client.write('abc');
  const request = await lane.hear(frameTypes.request);
  assert.equal(request.payload.subarray(request.code).toString(), 'abc');
  lane.answer(request, 'thanks');
  await once(client, 'close');
  assert.equal(readAnswer(heard()).body, 'thanks');
});

test('answers without a body stay without one, and answers to HTTP/1.0 end the connection', async (t) => {
  const { gateway, lane } = await startWithLane(t);
  for (const [index, [method, head]] of (
    [
      ['GET', '204 No Content\nX-A\n1'],
      ['GET', '304 Not Modified\nX-A\n1'],
      ['HEAD', '200 OK\nContent-Length\n7'],
    ] as const
  ).entries()) {
    const raw = exchange(
      gateway.target,
      `${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    const { stream } = await lane.hear(frameTypes.request, index + 1);
    lane.send({ type: frameTypes.response, stream, code: head.length }, `${head}surplus`);
    lane.send({ type: frameTypes.data, stream, flags: frameFlags.end }, 'and more');
    assert.match(await raw, /\r\n\r\n$/, head);
  }
  const old = exchange(gateway.target, 'GET / HTTP/1.0\r\n\r\n');
  const { stream } = await lane.hear(frameTypes.request, 4);
  lane.send({ type: frameTypes.inform, stream }, '103 Early Hints\nLink\n</a>');
  lane.send({ type: frameTypes.response, stream, code: 6 }, '200 OKab');
  lane.send({ type: frameTypes.data, stream, flags: frameFlags.end }, 'cd');
  const answer = readAnswer(await old);
  assert.deepEqual([answer.interim, answer.body, answer.chunked], [[], 'abcd', false]);
});

test('huge heads are refused, and others are served meanwhile', async (t) => {
  const { gateway, lane } = await startWithLane(t);
  const refused: [RegExp, string][] = [
    [/^HTTP\/1\.1 414 /, `GET /${'a'.repeat(5000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    [/^HTTP\/1\.1 431 /, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(9000)}\r\n\r\n`],
    [/^HTTP\/1\.1 431 /, `GET / HTTP/1.1\r\nHost: x\r\n${'X: 1\r\n'.repeat(101)}\r\n`],
    [/^HTTP\/1\.1 431 /, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}`],
  ];
  const slow = Array.from({ length: 100 }, () => dial(t, gateway).client);
  for (const client of slow) client.write('GET / HTTP/1.1\r\nHost:');
  for (const [status, bytes] of refused)
    assert.match(await exchange(gateway.target, bytes), status);
  const good = get(gateway.target, '/');
  lane.answer(await lane.hear(frameTypes.request), 'served');
  assert.equal((await good).body, 'served');
});
