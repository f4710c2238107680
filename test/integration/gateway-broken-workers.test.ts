import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { frameFlags, frameTypes } from '../../src/protocol/link.ts';
import { exchange, get, readAnswer } from '../helpers/raw-request.ts';
import {
  type FakeConnection,
  type Heard,
  startGateway,
  type TestGateway,
} from '../helpers/start-gateway.ts';
import { WsClient } from '../helpers/ws-client.ts';

const { end } = frameFlags;
const handshake =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const plainHead = '200 OK\nContent-Type\ntext/plain';

/** What a worker may do wrong when it has a request. */
type Misdeed = (connection: FakeConnection, stream: number) => void;

const beforeTheHead: Record<string, Misdeed> = {
  'a body without a head': (to, stream) => to.send({ type: frameTypes.data, stream, flags: end }),
  'trailers without a head': (to, stream) => to.send({ type: frameTypes.trailers, stream }, 'a\nb'),
  'a file without a head': (to, stream) => to.send({ type: frameTypes.file, stream }),
  'the close of a WebSocket': (to, stream) => to.send({ type: frameTypes.wsClose, stream }),
  'a head that is longer than its frame': (to, stream) =>
    to.send({ type: frameTypes.response, stream, flags: end, code: 100 }, '200 OK'),
  'a status that is none': (to, stream) =>
    to.send({ type: frameTypes.response, stream, flags: end, code: 6 }, 'abc OK'),
  'an interim status at the end': (to, stream) =>
    to.send({ type: frameTypes.response, stream, flags: end, code: 4 }, '101 '),
  'a final status in between': (to, stream) =>
    to.send({ type: frameTypes.inform, stream }, '200 OK\nContent-Length\n0'),
  'a name without a value': (to, stream) =>
    to.send({ type: frameTypes.response, stream, flags: end, code: 8 }, '200 OK\nX'),
};

const afterTheHead: Record<string, Misdeed> = {
  'a second head': (to, stream) =>
    to.send({ type: frameTypes.response, stream, flags: end, code: 6 }, '200 OK'),
  'a request that is given back when it was begun': (to, stream) =>
    to.send({ type: frameTypes.reject, stream }),
  'a frame that only we send': (to, stream) => to.send({ type: frameTypes.body, stream }),
};

/** On a lane, and as one stream of several. */
async function dialBoth(gateway: TestGateway, child: number): Promise<FakeConnection> {
  if (child % 2 === 0) return (await gateway.dial({ child })).addLane();
  return (await gateway.dial({ child, interface: 'asgi', capacity: 10 })).main;
}

async function eachWay(t: TestContext, act: (gateway: TestGateway, child: number) => unknown) {
  const gateway = await startGateway(t);
  for (const child of [1, 2]) await act(gateway, child);
}

for (const [name, misbehave] of Object.entries(beforeTheHead)) {
  test(`${name} drops the worker, and its client gets 502`, (t) =>
    eachWay(t, async (gateway, child) => {
      const connection = await dialBoth(gateway, child);
      const answer = get(gateway.target, '/');
      misbehave(connection, (await connection.hear(frameTypes.request)).stream);
      assert.equal((await answer).status, 502);
      assert.equal((await gateway.hear('broken', child)).child, child);
    }));
}

for (const [name, misbehave] of Object.entries(afterTheHead)) {
  test(`${name} drops the worker, and the answer is cut off`, (t) =>
    eachWay(t, async (gateway, child) => {
      const connection = await dialBoth(gateway, child);
      const answer = get(gateway.target, '/');
      const { stream } = await connection.hear(frameTypes.request);
      const code = plainHead.length;
      connection.send({ type: frameTypes.response, stream, code }, `${plainHead}half`);
      misbehave(connection, stream);
      const { status, complete } = await answer;
      assert.deepEqual([status, complete], [200, false]);
      assert.equal((await gateway.hear('broken', child)).child, child);
    }));
}

test('what waits is not given to a connection that has just been dropped', (t) =>
  eachWay(t, async (gateway, child) => {
    const usual = { child, slot: child } as const;
    const worker = await gateway.dial(
      child === 1 ? { ...usual, interface: 'asgi', capacity: 1 } : usual,
    );
    const connection = child === 1 ? worker.main : await worker.addLane();
    const guilty = get(gateway.target, '/guilty');
    const { stream } = await connection.hear(frameTypes.request);
    const waiting = get(gateway.target, '/waiting');
    await gateway.hear('beat', gateway.heard('beat').length + 2);
    connection.send({ type: frameTypes.data, stream, flags: end }, 'no head');
    assert.equal((await guilty).status, 502);
    const good = await (await gateway.dial({ child: child + 10 })).addLane();
    good.answer(await good.hear(frameTypes.request), 'served');
    assert.equal((await waiting).body, 'served');
    good.end();
  }));

test('an answer that ends twice drops the worker, and harms no client', (t) =>
  eachWay(t, async (gateway, child) => {
    const connection = await dialBoth(gateway, child);
    const answer = get(gateway.target, '/');
    const request = await connection.hear(frameTypes.request);
    connection.answer(request, 'once');
    connection.answer(request, 'twice');
    assert.equal((await answer).body, 'once');
    assert.equal((await gateway.hear('broken', child)).child, child);
  }));

test('a request that was given back at once waits as long as any other', async (t) => {
  const gateway = await startGateway(t, { queue: { limit: 10, timeoutMs: 5000 } });
  const worker = await gateway.dial();
  const first = await worker.addLane();
  const answer = get(gateway.target, '/');
  const { stream } = await first.hear(frameTypes.request);
  worker.main.send({ type: frameTypes.rest, code: 1 });
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  first.send({ type: frameTypes.reject, stream });
  await gateway.hear('beat', gateway.heard('beat').length + 4);
  const second = await (await gateway.dial({ child: 2 })).addLane();
  second.answer(await second.hear(frameTypes.request), 'late');
  assert.equal((await answer).body, 'late');
});

test('a worker that claims room without end gets no more than can be counted', async (t) => {
  const gateway = await startGateway(t);
  const { main } = await gateway.dial({ interface: 'asgi', capacity: Number.MAX_SAFE_INTEGER });
  const answer = get(gateway.target, '/');
  const { stream } = await main.hear(frameTypes.request);
  for (const code of [0, 0xffff_ffff, 0xffff_ffff])
    main.send({ type: frameTypes.credit, stream, code });
  main.answer({ stream } as Heard, 'fine');
  assert.equal((await answer).body, 'fine');
});

for (const [name, type] of [
  ['dies', null],
  ['breaks off', frameTypes.abort],
  ['says nonsense', frameTypes.body],
] as const) {
  test(`a denied WebSocket is cut off when its worker ${name} in the middle of the answer`, async (t) => {
    const gateway = await startGateway(t);
    const { main } = await gateway.dial({ interface: 'asgi', capacity: 10 });
    const raw = exchange(gateway.target, handshake);
    const { stream } = await main.hear(frameTypes.request);
    const head = '401 Unauthorized\nContent-Length\n100';
    main.send({ type: frameTypes.response, stream, code: head.length }, `${head}half`);
    if (type === null) main.end();
    else main.send({ type, stream });
    assert.deepEqual([readAnswer(await raw).status, readAnswer(await raw).complete], [401, false]);
    main.end();
    const next = await (await gateway.dial({ child: 2 })).addLane();
    const answer = get(gateway.target, '/');
    next.answer(await next.hear(frameTypes.request), 'alive');
    assert.equal((await answer).body, 'alive');
  });
}

test('a handshake that is denied with a head that cannot be is answered 502', async (t) => {
  const gateway = await startGateway(t);
  const { main } = await gateway.dial({ interface: 'asgi', capacity: 10 });
  const client = new WsClient(gateway.target, '/');
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.response, stream, flags: end, code: 6 }, 'abc OK');
  assert.equal((await client.refused).status, 502);
  await gateway.hear('broken');
});
