import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import type { GatewayStart } from '../../src/protocol/gateway.ts';
import { frameFlags, frameTypes, initialCredit } from '../../src/protocol/link.ts';
import { ask, get } from '../helpers/raw-request.ts';
import { startGateway, type TestGateway } from '../helpers/start-gateway.ts';
import { waitFor } from '../helpers/wait-for.ts';

const asgi = { interface: 'asgi', capacity: 100 } as const;

async function startAsgi(t: TestContext, start: Partial<GatewayStart> = {}) {
  const gateway = await startGateway(t, start);
  const worker = await gateway.dial(asgi);
  return { gateway, worker, main: worker.main };
}

const portOf = (gateway: TestGateway): number => (gateway.target as { port: number }).port;

function dialWebSocket(t: TestContext, gateway: TestGateway, options: ClientOptions = {}) {
  const url = `ws://127.0.0.1:${portOf(gateway)}/chat?room=1`;
  const socket = new WebSocket(url, ['a', 'b'], options);
  t.after(() => socket.terminate());
  socket.on('error', () => undefined);
  return socket;
}

test('a request becomes a scope, and many share one connection', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const one = get(gateway.target, '/a%20b?x=1', ['X-One: 1', 'x-ONE: 2']);
  const first = await main.hear(frameTypes.request);
  const fields = first.payload.toString('latin1').split('\n');
  assert.deepEqual(fields.slice(0, 5), ['GET', '/a%20b?x=1', '1.1', 'http', '127.0.0.1']);
  assert.deepEqual(fields.slice(8), [
    'host',
    'test',
    'x-one',
    '1',
    'x-one',
    '2',
    'connection',
    'close',
  ]);
  const two = get(gateway.target, '/2');
  const second = await main.hear(frameTypes.request, 2);
  assert.notEqual(first.stream, second.stream);
  main.answer(second, 'two');
  main.answer(first, 'one');
  assert.deepEqual([(await one).body, (await two).body], ['one', 'two']);
});

test('no more streams than the worker can take', async (t) => {
  const gateway = await startGateway(t);
  const { main } = await gateway.dial({ ...asgi, capacity: 1 });
  const one = get(gateway.target, '/1');
  const first = await main.hear(frameTypes.request);
  const two = get(gateway.target, '/2');
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  assert.equal(gateway.heard('beat').at(-1)?.queued, 1);
  main.answer(first, 'one');
  main.answer(await main.hear(frameTypes.request, 2), 'two');
  assert.deepEqual([(await one).body, (await two).body], ['one', 'two']);
});

test('a body is sent as far as there is credit', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const size = 1_000_000;
  const answer = ask(gateway.target, 'POST', '/', { body: 'x'.repeat(size) });
  const { stream } = await main.hear(frameTypes.request);
  const sent = () =>
    main.frames
      .filter(({ type }) => type === frameTypes.body)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  await waitFor('the credit to be used up', () => sent() === initialCredit);
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  assert.equal(sent(), initialCredit);
  main.send({ type: frameTypes.credit, stream, code: size });
  await waitFor('the rest', () => sent() === size);
  main.answer({ stream } as never, 'ok');
  assert.equal((await answer).body, 'ok');
});

test('who answers before the body has come is not sent the rest', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const answer = ask(gateway.target, 'POST', '/', { body: 'x'.repeat(5_000_000) });
  main.answer(await main.hear(frameTypes.request), 'no need');
  assert.equal((await answer).body, 'no need');
});

test('a body is given back whole with a request that was not begun', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const answer = ask(gateway.target, 'POST', '/', { body: 'abc' });
  const { stream } = await main.hear(frameTypes.request);
  await main.hear(frameTypes.body);
  main.send({ type: frameTypes.rest, code: 1 });
  main.send({ type: frameTypes.reject, stream });
  const second = (await gateway.dial({ ...asgi, child: 2 })).main;
  const again = await second.hear(frameTypes.request);
  assert.equal((await second.hear(frameTypes.body)).payload.toString(), 'abc');
  second.answer(again, 'ok');
  assert.equal((await answer).body, 'ok');
  await main.hear(frameTypes.idle);
});

test('a worker gets credit for its answer as fast as the client reads', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const client = connect(portOf(gateway), '127.0.0.1');
  t.after(() => client.destroy());
  client.pause();
  client.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
  const { stream } = await main.hear(frameTypes.request);
  const head = '200 OK\nContent-Type\ntext/plain';
  main.send({ type: frameTypes.response, stream, code: head.length }, head);
  let credit = initialCredit;
  let sent = 0;
  const spend = () => {
    credit =
      initialCredit +
      main.frames.reduce((sum, { type, code }) => sum + (type === frameTypes.credit ? code : 0), 0);
    while (sent + 65_536 <= credit) {
      main.send({ type: frameTypes.data, stream }, Buffer.alloc(65_536));
      sent += 65_536;
    }
  };
  const quiet = async () => {
    for (let before = -1; before !== sent; ) {
      before = sent;
      spend();
      await gateway.hear('beat', gateway.heard('beat').length + 2);
    }
  };
  await quiet();
  const held = sent;
  assert.ok(held < 16 * 2 ** 20, `${held} bytes went to a client that does not read`);
  client.resume();
  await waitFor('more credit', () => {
    spend();
    return sent > held + 4 * 2 ** 20;
  });
});

test('more of an answer than there is credit for drops the worker', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const client = connect(portOf(gateway), '127.0.0.1');
  t.after(() => client.destroy());
  client.pause();
  client.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.response, stream, code: 6 }, '200 OK');
  for (let part = 0; part < 200; part += 1)
    main.send({ type: frameTypes.data, stream }, Buffer.alloc(200_000));
  assert.match((await gateway.hear('broken')).why, /credit/);
});

test('a client that has gone is told to the worker, whose stream still counts', async (t) => {
  const gateway = await startGateway(t);
  const { main } = await gateway.dial({ ...asgi, capacity: 1 });
  const client = connect(portOf(gateway), '127.0.0.1');
  client.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
  const { stream } = await main.hear(frameTypes.request);
  client.destroy();
  assert.equal((await main.hear(frameTypes.cancel)).code, 1);
  const next = get(gateway.target, '/2');
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  assert.equal(gateway.heard('beat').at(-1)?.queued, 1);
  main.send({ type: frameTypes.abort, stream });
  main.answer(await main.hear(frameTypes.request, 2), 'two');
  assert.equal((await next).body, 'two');
});

test('interim answers and trailers get through', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const answer = get(gateway.target, '/', ['TE: trailers']);
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.inform, stream }, '103 Early Hints\nLink\n</a.css>');
  const head = '200 \nTrailer\nx-sum';
  main.send({ type: frameTypes.response, stream, code: head.length }, `${head}abc`);
  main.send({ type: frameTypes.trailers, stream }, 'x-sum\n3');
  const { interim, body, raw } = await answer;
  assert.match(interim[0] ?? '', /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>/);
  assert.equal(body, 'abc');
  assert.match(raw, /\r\n0\r\nx-sum: 3\r\n\r\n$/);
});

test('a WebSocket goes through, with its subprotocol, both kinds of messages and its close', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const client = dialWebSocket(t, gateway);
  const { stream, payload, flags } = await main.hear(frameTypes.request);
  assert.equal(flags, frameFlags.webSocket | frameFlags.end);
  assert.equal(payload.toString().split('\n')[3], 'ws');
  main.send({ type: frameTypes.wsAccept, stream }, 'b\nX-Extra\nyes');
  const [[response]] = await Promise.all([once(client, 'upgrade'), once(client, 'open')]);
  assert.equal(response.headers['x-extra'], 'yes');
  assert.equal(client.protocol, 'b');
  client.send('héllo');
  client.send(Buffer.from([0, 1, 2]));
  const text = await main.hear(frameTypes.wsMessage);
  assert.deepEqual(
    [text.flags, text.payload.toString()],
    [frameFlags.text | frameFlags.end, 'héllo'],
  );
  const bytes = await main.hear(frameTypes.wsMessage, 2);
  assert.deepEqual([bytes.flags, [...bytes.payload]], [frameFlags.end, [0, 1, 2]]);
  const received = once(client, 'message');
  main.send({ type: frameTypes.wsMessage, stream, flags: frameFlags.text }, 'two ');
  main.send(
    { type: frameTypes.wsMessage, stream, flags: frameFlags.text | frameFlags.end },
    'parts',
  );
  const [message, isBinary] = await received;
  assert.deepEqual([String(message), isBinary], ['two parts', false]);
  const closed = once(client, 'close');
  main.send({ type: frameTypes.wsClose, stream, code: 4001 }, 'bye');
  const [code, reason] = await closed;
  assert.deepEqual([code, String(reason)], [4001, 'bye']);
});

test("a client's close is told with its code, and the worker ends the stream", async (t) => {
  const { gateway, main } = await startAsgi(t);
  const client = dialWebSocket(t, gateway);
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.wsAccept, stream }, 'a');
  await once(client, 'open');
  client.close(4002, 'enough');
  const told = await main.hear(frameTypes.wsClose);
  assert.deepEqual([told.code, told.payload.toString()], [4002, 'enough']);
  main.send({ type: frameTypes.wsClose, stream, code: 4002 });
});

test('an app can refuse a WebSocket with 403, or an answer of its own', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const refused = dialWebSocket(t, gateway);
  const first = await main.hear(frameTypes.request);
  const [, response] = await Promise.all([
    Promise.resolve(main.send({ type: frameTypes.wsClose, stream: first.stream, code: 1000 })),
    once(refused, 'unexpected-response'),
  ]);
  assert.equal(response[1].statusCode, 403);
  const denied = dialWebSocket(t, gateway);
  const second = await main.hear(frameTypes.request, 2);
  const seen = once(denied, 'unexpected-response');
  main.answer(second, 'not you', '401 Unauthorized\nX-Why\nno');
  const [, answer] = await seen;
  assert.equal(answer.statusCode, 401);
  assert.equal(answer.headers['x-why'], 'no');
});

test('when a worker rests its WebSockets are closed with 1012 and its event streams end', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const client = dialWebSocket(t, gateway);
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.wsAccept, stream }, 'a');
  await once(client, 'open');
  const events = get(gateway.target, '/events');
  const second = await main.hear(frameTypes.request, 2);
  const head = '200 OK\nContent-Type\ntext/event-stream';
  main.send(
    { type: frameTypes.response, stream: second.stream, code: head.length },
    `${head}data: 1\n\n`,
  );
  await waitFor('two of them', () => gateway.heard('beat').at(-1)?.longLived === 2);
  const closed = once(client, 'close');
  main.send({ type: frameTypes.rest, code: 1 });
  assert.equal((await closed)[0], 1012);
  assert.equal((await main.hear(frameTypes.wsClose)).code, 1012);
  const { body, complete } = await events;
  assert.deepEqual([body, complete], ['data: 1\n\n', true]);
  await waitFor('none of them', () => gateway.heard('beat').at(-1)?.longLived === 0);
  main.send({ type: frameTypes.wsClose, stream, code: 1012 });
  main.send({ type: frameTypes.abort, stream: second.stream });
  await main.hear(frameTypes.idle);
});

test('WSGI apps see an upgrade as a plain request', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const answer = get(gateway.target, '/', ['Upgrade: websocket', 'Connection: Upgrade']);
  lane.answer(await lane.hear(frameTypes.request), 'plain');
  assert.equal((await answer).body, 'plain');
});
