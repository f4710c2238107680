import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameFlags, frameTypes } from '../../src/protocol/link.ts';
import { ask, get } from '../helpers/raw-request.ts';
import { startGateway } from '../helpers/start-gateway.ts';

const fieldsOf = (payload: Buffer) => {
  const parts = payload.toString('latin1').split('\n');
  return Object.fromEntries(
    Array.from({ length: parts.length / 2 }, (_, at) => [parts[at * 2], parts[at * 2 + 1]]),
  );
};

test('a request becomes an environ, and the answer comes back', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const answer = get(gateway.target, '/a%20b?x=1', [
    'X-One: 1',
    'Cookie: a=1',
    'Cookie: b=2',
    'X_One: no',
  ]);
  const request = await lane.hear(frameTypes.request);
  assert.equal(request.flags, frameFlags.end);
  const environ = fieldsOf(request.payload.subarray(0, request.code));
  assert.equal(environ['REQUEST_METHOD'], 'GET');
  assert.equal(environ['RAW_URI'], '/a%20b?x=1');
  assert.equal(environ['PATH_INFO'], '/a%20b');
  assert.equal(environ['QUERY_STRING'], 'x=1');
  assert.equal(environ['HTTP_X_ONE'], '1');
  assert.equal(environ['HTTP_COOKIE'], 'a=1; b=2');
  assert.equal(environ['REMOTE_ADDR'], '127.0.0.1');
  assert.equal(environ['wsgi.url_scheme'], 'http');
  lane.answer(request, 'hello');
  const { status, body, headers } = await answer;
  assert.deepEqual([status, body], [200, 'hello']);
  assert.ok(headers.some(([name, value]) => name === 'Content-Length' && value === '5'));
});

test('a body is whole before a worker hears of it, also one that is sent in chunks', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const big = 'x'.repeat(300_000);
  const answer = ask(gateway.target, 'POST', '/', { body: big });
  const request = await lane.hear(frameTypes.request);
  assert.equal(fieldsOf(request.payload.subarray(0, request.code))['CONTENT_LENGTH'], '300000');
  let size = request.payload.length - request.code;
  for (let count = 1; size < 300_000; count += 1) {
    const part = await lane.hear(frameTypes.body, count);
    size += part.payload.length;
    assert.equal(part.flags, size === 300_000 ? frameFlags.end : 0);
  }
  lane.answer(request, 'done');
  assert.equal((await answer).body, 'done');

  const chunked = ask(gateway.target, 'POST', '/', {
    headers: ['Transfer-Encoding: chunked'],
    body: '3\r\nabc\r\n0\r\n\r\n',
  });
  const second = await lane.hear(frameTypes.request, 2);
  assert.equal(second.payload.subarray(second.code).toString(), 'abc');
  const environ = fieldsOf(second.payload.subarray(0, second.code));
  assert.equal(environ['CONTENT_LENGTH'], '3');
  assert.equal(environ['HTTP_TRANSFER_ENCODING'], undefined);
  lane.answer(second, 'ok');
  assert.equal((await chunked).body, 'ok');
});

test('what comes while all are busy waits in order', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const first = get(gateway.target, '/1');
  const one = await lane.hear(frameTypes.request);
  const second = get(gateway.target, '/2');
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  assert.equal(gateway.heard('beat').at(-1)?.queued, 1);
  assert.equal(lane.frames.filter(({ type }) => type === frameTypes.request).length, 1);
  lane.answer(one, 'a');
  const two = await lane.hear(frameTypes.request, 2);
  lane.answer(two, 'b');
  assert.deepEqual([(await first).body, (await second).body], ['a', 'b']);
});

test('a full queue and a long wait are answered 503 with Retry-After', async (t) => {
  const gateway = await startGateway(t, { queue: { limit: 1, timeoutMs: 300 } });
  const lane = await (await gateway.dial()).addLane();
  const first = get(gateway.target, '/1');
  const one = await lane.hear(frameTypes.request);
  const second = get(gateway.target, '/2');
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  const third = await get(gateway.target, '/3');
  assert.equal(third.status, 503);
  assert.ok(third.headers.some(([name]) => name === 'Retry-After'));
  assert.equal((await second).status, 503);
  lane.answer(one, 'a');
  assert.equal((await first).body, 'a');
  assert.equal((await gateway.hear('beat', gateway.heard('beat').length + 2)).refused, 2);
});

test('a worker that dies with a request is answered 502, or the answer is cut', async (t) => {
  const gateway = await startGateway(t);
  const worker = await gateway.dial();
  const lane = await worker.addLane();
  const answer = get(gateway.target, '/x');
  await lane.hear(frameTypes.request);
  worker.end();
  assert.equal((await answer).status, 502);
  assert.deepEqual((await gateway.hear('lost')).child, 1);

  const again = await (await gateway.dial({ child: 2 })).addLane();
  const cut = get(gateway.target, '/y');
  const request = await again.hear(frameTypes.request);
  const head = '200 OK\nContent-Type\ntext/plain';
  again.send(
    { type: frameTypes.response, stream: request.stream, code: head.length },
    `${head}half`,
  );
  await again.hear(frameTypes.request);
  again.end();
  const { complete, status } = await cut;
  assert.deepEqual([status, complete], [200, false]);
});

test('a request that was not begun goes to another worker, before all others', async (t) => {
  const gateway = await startGateway(t);
  const one = await gateway.dial();
  const first = await one.addLane();
  const answer = ask(gateway.target, 'POST', '/', { body: 'abc' });
  const request = await first.hear(frameTypes.request);
  one.main.send({ type: frameTypes.rest, code: 1 });
  first.send({ type: frameTypes.reject, stream: request.stream });
  const second = await (await gateway.dial({ child: 2, slot: 1 })).addLane();
  const again = await second.hear(frameTypes.request);
  assert.equal(again.payload.subarray(again.code).toString(), 'abc');
  second.answer(again, 'ok');
  assert.equal((await answer).body, 'ok');
  await one.main.hear(frameTypes.idle);
});

test('a resting worker gets nothing new, and is told when it is idle', async (t) => {
  const gateway = await startGateway(t);
  const worker = await gateway.dial();
  const lane = await worker.addLane();
  const answer = get(gateway.target, '/1');
  const request = await lane.hear(frameTypes.request);
  worker.main.send({ type: frameTypes.rest, code: 1 });
  const waiting = get(gateway.target, '/2');
  await gateway.hear('beat', gateway.heard('beat').length + 2);
  assert.equal(worker.main.frames.length, 1); // welcome
  lane.answer(request, 'a');
  await worker.main.hear(frameTypes.idle);
  assert.equal((await answer).body, 'a');
  worker.main.send({ type: frameTypes.rest, code: 0 });
  lane.answer(await lane.hear(frameTypes.request, 2), 'b');
  assert.equal((await waiting).body, 'b');
});

test('the worker of a client that has gone finds its lane closed', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const controller = new AbortController();
  const { port } = gateway.target as { port: number };
  const gone = fetch(`http://127.0.0.1:${port}/`, { signal: controller.signal });
  await lane.hear(frameTypes.request);
  controller.abort();
  await assert.rejects(gone);
  await lane.hear(99).catch(() => undefined);
  assert.ok(lane.closed);
});

test('a worker that breaks the protocol is dropped, and its requests are answered 502', async (t) => {
  const gateway = await startGateway(t);
  const nonsense: ((send: (bytes: Buffer) => void) => void)[] = [
    (send) => send(Buffer.from('GET / HTTP/1.1\r\n\r\n')),
    (send) => send(Buffer.from([0x75, 99, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    (send) => send(Buffer.from([0x75, 33, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0])),
    (send) => send(Buffer.from([0x75, 33, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    (send) => send(Buffer.from([0x75, 32, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
  ];
  for (const [index, speak] of nonsense.entries()) {
    const lane = await (await gateway.dial({ child: 10 + index })).addLane();
    const answer = get(gateway.target, '/');
    await lane.hear(frameTypes.request);
    speak((bytes) => lane.write(bytes));
    assert.equal((await answer).status, 502, `case ${index}`);
    assert.equal((await gateway.hear('broken', index + 1)).child, 10 + index);
  }
});

test('nobody gets in without the token', async (t) => {
  const gateway = await startGateway(t);
  await assert.rejects(gateway.dial({ token: 'guessed' }), /closed/);
  assert.match(gateway.log(), /wrong token/);
});

test('request_timeout is answered 504, and the arbiter is told', async (t) => {
  const gateway = await startGateway(t, { requestTimeoutMs: 200 });
  const lane = await (await gateway.dial()).addLane();
  const answer = get(gateway.target, '/slow?secret');
  await lane.hear(frameTypes.request);
  assert.equal((await answer).status, 504);
  const { child, method, path } = await gateway.hear('overdue');
  assert.deepEqual([child, method, path], [1, 'GET', '/slow']);
});

test('an answer that is longer than was said is cut, and one that is shorter ends the connection', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const long = get(gateway.target, '/');
  lane.answer(await lane.hear(frameTypes.request), 'abcdef', '200 OK\nContent-Length\n3');
  assert.deepEqual([(await long).body, (await long).rest], ['abc', '']);
  const short = get(gateway.target, '/');
  const head = '200 OK\nContent-Length\n10';
  const { stream } = await lane.hear(frameTypes.request, 2);
  lane.send({ type: frameTypes.response, stream, code: head.length }, `${head}abc`);
  lane.send({ type: frameTypes.data, flags: frameFlags.end, stream }, 'def');
  assert.deepEqual([(await short).body, (await short).complete], ['abcdef', false]);
});

test('a slow reader does not hold a worker', async (t) => {
  const gateway = await startGateway(t);
  const lane = await (await gateway.dial()).addLane();
  const { connect } = await import('node:net');
  const { port } = gateway.target as { port: number };
  const client = connect(port, '127.0.0.1');
  t.after(() => client.destroy());
  client.pause();
  client.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
  const request = await lane.hear(frameTypes.request);
  const { stream } = request;
  const head = '200 OK\nContent-Length\n20000000';
  lane.send({ type: frameTypes.response, stream, code: head.length }, head);
  for (let part = 0; part < 200; part += 1) {
    const flags = part === 199 ? frameFlags.end : 0;
    lane.send({ type: frameTypes.data, flags, stream }, Buffer.alloc(100_000, 97));
  }
  const other = get(gateway.target, '/next');
  lane.answer(await lane.hear(frameTypes.request, 2), 'free');
  assert.equal((await other).body, 'free');
  let size = 0;
  client.on('data', (chunk) => (size += chunk.length));
  client.resume();
  const { waitFor } = await import('../helpers/wait-for.ts');
  await waitFor('all of it', () => size > 20_000_000);
});
