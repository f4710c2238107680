import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { type FrameType, formatFrame, formatFrameHeader, frameType } from '../../src/protocol/link.ts';
import { type FakeRequest, FakeWorker } from '../helpers/fake-python-worker.ts';
import { RawHttp } from '../helpers/raw-http.ts';
import { startGateway, type TestGateway } from '../helpers/start-gateway.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';

const silent = () => undefined;
const linkPath = ({ link: { target } }: TestGateway): string => ('path' in target ? target.path : '');

async function post(gateway: TestGateway, body: string): Promise<StrictConnection> {
  const client = await StrictConnection.open(gateway.target);
  client.write(`POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return client;
}

test('a worker that dies before it answers is a 502, for any method, and nobody else gets the request', async (t) => {
  const gateway = await startGateway(t);
  for (const method of ['GET', 'POST']) {
    const first = await gateway.worker({ onRequest: ({ worker }) => worker.die() });
    const client = await StrictConnection.open(gateway.target);
    client.write(`${method} /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    await first.request();
    const second = await gateway.worker();
    assert.equal((await client.answer()).status, 502);
    assert.equal((await client.get()).body, 'hello', 'the connection of the client goes on');
    assert.equal(second.requests.length, 1);
    second.die();
    client.close();
    await gateway.logged(new RegExp(`Worker \\(pid:\\d+\\) has gone with requests under way: ${method} /x`));
  }
});

test('a worker that dies after its head alone has come is a 502 or a cut, never half an answer', async (t) => {
  const gateway = await startGateway(t);
  await gateway.worker({
    onRequest: ({ id, worker }) => {
      worker.head(id, 200, []);
      worker.data(id, 'half');
      worker.socket.end();
    },
  });
  await assert.rejects(fetchOnce(gateway.target), /connection ended|ECONNRESET/);
});

test('the death of one lane harms its request alone', async (t) => {
  const gateway = await startGateway(t);
  const doomed = await gateway.worker({ onRequest: silent });
  const healthy = await gateway.worker({ onRequest: silent });
  const clients = await Promise.all([1, 2].map(() => StrictConnection.open(gateway.target)));
  const answers = clients.map((client) => client.get());
  await doomed.request();
  await healthy.request();
  doomed.die();
  assert.deepEqual((await Promise.race(answers)).status, 502);
  healthy.answer(1, 'alive');
  assert.deepEqual((await Promise.all(answers)).map(({ status }) => status).sort(), [200, 502]);
  for (const client of clients) client.close();
});

test('a rejected request goes to another worker before those that came later, with its body', async (t) => {
  const gateway = await startGateway(t);
  const leaving = await gateway.worker({
    onRequest: silent,
    onBody: () => undefined,
  });
  const first = await post(gateway, 'whole body');
  await leaving.request();
  const second = await post(gateway, 'second');
  await gateway.beat(({ queue }) => queue?.length === 1);
  leaving.bye();
  leaving.send(frameType.reject, 1);
  await gateway.beat(({ queue }) => queue?.length === 2);
  const other = await gateway.worker({ hello: { slot: 1 } });
  assert.equal((await first.answer()).body, 'hello');
  assert.equal((await second.answer()).body, 'hello');
  assert.deepEqual(other.requests.map(({ body }) => String(body)), ['whole body', 'second']);
  await waitFor('the end of the one that left', () => leaving.ended);
  for (const client of [first, second]) client.close();
});

test('a worker that rejects without leaving is tried again, but not in a circle', async (t) => {
  const gateway = await startGateway(t);
  let rejected = 0;
  await gateway.worker({
    onRequest: ({ id, worker }) => {
      rejected += 1;
      if (rejected < 3) worker.send(frameType.reject, id);
      else worker.answer(id, 'at last');
    },
  });
  assert.equal((await fetchOnce(gateway.target)).body, 'at last');
  assert.equal(rejected, 3);
});

test('a worker that has said goodbye gets nothing, and finishes what it has', async (t) => {
  const gateway = await startGateway(t);
  const old = await gateway.worker({ onRequest: silent });
  const client = await StrictConnection.open(gateway.target);
  const answer = client.get();
  await old.request();
  old.bye();
  await gateway.beat(({ queue }) => queue?.workers === 0);
  const next = await gateway.worker({ hello: { slot: 1 } });
  for (let count = 0; count < 3; count += 1) await fetchOnce(gateway.target);
  assert.deepEqual([old.requests.length, next.requests.length], [1, 3]);
  old.answer(1, 'finished');
  assert.equal((await answer).body, 'finished');
  await waitFor('its end', () => old.ended);
  client.close();
});

test('a request over its time is a 504, its worker is told and reported, and its late answer is nobody’s', async (t) => {
  const gateway = await startGateway(t, { start: { requestTimeoutMs: 200 } });
  const worker = await gateway.worker({ hello: { pid: 4242 }, onRequest: silent });
  const client = await StrictConnection.open(gateway.target);
  assert.equal((await client.get('/slow')).status, 504);
  const [late] = worker.requests;
  assert.ok(late && late.timeLeft > 0 && late.timeLeft <= 200);
  await waitFor('the cancel', () => late.cancelled === 2);
  assert.equal((await gateway.hear('overdue')).pid, 4242);
  await gateway.logged(/GET \/slow took longer than request_timeout/);
  const waiting = client.get('/next');
  await gateway.beat(({ queue }) => queue?.length === 1);
  worker.answer(1, 'too late');
  await worker.request(2);
  worker.answer(2, 'in time');
  assert.equal((await waiting).body, 'in time');
  client.close();
});

test('an answer that is over its time in the middle is cut', async (t) => {
  const gateway = await startGateway(t, { start: { requestTimeoutMs: 150 } });
  await gateway.worker({
    onRequest: ({ id, worker }) => {
      worker.head(id, 200, ['Content-Length', '100']);
      worker.data(id, 'some');
    },
  });
  await assert.rejects(fetchOnce(gateway.target), /connection ended|ECONNRESET/);
});

test('a full queue is a 503 that says when to come again, and so is a long wait', async (t) => {
  const gateway = await startGateway(t, { start: { queueLimit: 2, queueTimeoutMs: 300 } });
  const clients = await Promise.all([1, 2, 3].map(() => StrictConnection.open(gateway.target)));
  const answers = clients.map(async (client) => {
    const begun = performance.now();
    const { status, headers } = await client.get();
    return { status, retry: headers.get('retry-after'), ms: performance.now() - begun };
  });
  const all = (await Promise.all(answers)).sort((a, b) => a.ms - b.ms);
  assert.deepEqual(all.map(({ status, retry }) => [status, retry]), Array(3).fill([503, '1']));
  assert.ok((all[0]?.ms ?? 999) < 250 && (all[1]?.ms ?? 0) > 290);
  const { queue } = await gateway.beat((beat) => beat.queue?.timedOut === 2);
  assert.deepEqual([queue?.rejected, queue?.length, queue?.workers], [1, 0, 0]);
  await gateway.worker();
  assert.equal((await clients[0]?.get())?.body, 'hello');
  for (const client of clients) client.close();
});

test('who leaves the queue does not reach a worker, and who leaves later is told of', async (t) => {
  const gateway = await startGateway(t);
  const worker = await gateway.worker({ onRequest: silent });
  const [begun, queued, last] = [1, 2, 3].map((n) => new RawHttp(t, gateway.target).write(`GET /${n} HTTP/1.1\r\nHost: x\r\n\r\n`)) as [RawHttp, RawHttp, RawHttp];
  await worker.request();
  await gateway.beat(({ queue }) => queue?.length === 2);
  const first = worker.requests[0];
  for (const gone of first?.target === '/1' ? [queued] : []) gone.socket.destroy();
  await gateway.beat(({ queue }) => queue?.length === 1);
  begun.socket.destroy();
  await waitFor('the cancel', () => first?.cancelled === 1);
  worker.answer(1, 'for nobody');
  await worker.request(2);
  worker.answer(2, 'for somebody');
  await last.until(/for somebody$/);
  assert.deepEqual(worker.requests.map(({ target }) => target), ['/1', '/3']);
});

test('a worker that cannot complete its answer says so', async (t) => {
  const gateway = await startGateway(t);
  await gateway.worker({
    onRequest: ({ id, worker, target }) => {
      if (target === '/begun') {
        worker.head(id, 200, []);
        worker.data(id, 'some');
      }
      setTimeout(() => worker.send(frameType.cancel, id, '', 0, 3), 20);
    },
  });
  assert.equal((await fetchOnce(gateway.target, '/fresh')).status, 500);
  await assert.rejects(fetchOnce(gateway.target, '/begun'), /connection ended|ECONNRESET/);
  assert.equal((await fetchOnce(gateway.target, '/fresh')).status, 500, 'and the lane is used again');
});

const frame = (type: FrameType, stream: number, text = '', flags = 0, code = 0): Buffer =>
  Buffer.from(formatFrame(type, flags, stream, text, code), 'latin1');

const nonsense: [string, (id: number) => Buffer, 'lane' | 'mux'][] = [
  ['bytes that are no frame', () => Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), 'lane'],
  ['a type that is none', () => Buffer.from(formatFrameHeader(99 as FrameType, 0, 1, 0), 'latin1'), 'lane'],
  ['a head that is too large', (id) => Buffer.from(formatFrameHeader(frameType.response, 0, id, 2 ** 21, 200), 'latin1'), 'lane'],
  ['a body before the head', (id) => frame(frameType.data, id, 'x'), 'lane'],
  ['trailers before the head', (id) => frame(frameType.trailers, id), 'lane'],
  ['two heads', (id) => Buffer.concat([frame(frameType.response, id, '', 0, 200), frame(frameType.response, id, '', 0, 200)]), 'lane'],
  ['early hints after the head', (id) => Buffer.concat([frame(frameType.response, id, '', 0, 200), frame(frameType.informational, id, '', 0, 103)]), 'lane'],
  ['a head of half a pair', (id) => frame(frameType.response, id, 'OK\0Name', 0, 200), 'lane'],
  ['an answer to a request that never was', (id) => frame(frameType.response, id + 1, '', 1, 200), 'lane'],
  ['a second hello', () => frame(frameType.hello, 0, '{}'), 'lane'],
  ['a word of the gateway’s own', (id) => frame(frameType.body, id, 'x'), 'lane'],
  ['a WebSocket message', (id) => frame(frameType.wsMessage, id, 'x', 1), 'lane'],
  ['credit on a lane', (id) => frame(frameType.window, id, '', 0, 1), 'lane'],
  ['a file that is none', (id) => Buffer.concat([frame(frameType.response, id, '', 0, 200), frame(frameType.file, id, '{"fd":-1}')]), 'lane'],
  ['more credit than there can be', (id) => frame(frameType.window, id, '', 0, 0xffff_ffff), 'mux'],
];

for (const [what, words, kind] of nonsense) {
  test(`a worker that sends ${what} is dropped; only its own requests suffer`, async (t) => {
    const gateway = await startGateway(t);
    const mad = await gateway.worker({
      hello: kind === 'mux' ? { kind, encoding: 'asgi', capacity: 10 } : {},
      onRequest: ({ id, worker }) => void worker.socket.write(words(id)),
    });
    const outcome = await fetchOnce(gateway.target).then(({ status }) => status, () => 'cut');
    assert.ok(outcome === 502 || outcome === 'cut', String(outcome));
    await waitFor('its end', () => mad.ended);
    await gateway.logged(/The link of worker \(pid:\d+\) was dropped: /);
    await gateway.worker({ hello: { slot: 1 } });
    assert.equal((await fetchOnce(gateway.target)).body, 'hello');
    assert.equal(gateway.heard('log').filter(({ message }) => /was dropped/.test(message)).length, 1);
  });
}

test('a worker that sends more than it had credit for is dropped', async (t) => {
  const gateway = await startGateway(t);
  const mad = await gateway.worker({
    hello: { kind: 'mux', encoding: 'asgi', capacity: 10 },
    onRequest: ({ id, worker }) => {
      worker.head(id, 200, []);
      for (let piece = 0; piece < 60; piece += 1) worker.data(id, Buffer.alloc(200_000));
    },
  });
  const client = new RawHttp(t, gateway.target, false);
  client.socket.pause(); // so that what it is sent is not granted again
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('its end', () => mad.ended);
  await gateway.logged(/more data than it had credit for/);
});

test('a worker that ends in the middle of a frame is dropped', async (t) => {
  const gateway = await startGateway(t);
  await gateway.worker({
    onRequest: ({ id, worker }) => void worker.socket.end(frame(frameType.response, id, 'x'.repeat(100)).subarray(0, 50)),
  });
  assert.equal((await fetchOnce(gateway.target)).status, 502);
  await gateway.logged(/in the middle of a frame/);
});

async function knock(t: TestContext, gateway: TestGateway, words: Buffer | null): Promise<number> {
  const begun = performance.now();
  const socket = net.connect({ path: linkPath(gateway) });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined).resume();
  if (words) socket.write(words);
  await new Promise((resolve) => socket.once('close', resolve));
  return performance.now() - begun;
}

test('whoever does not prove that it is a worker is dropped within a second', async (t) => {
  const gateway = await startGateway(t);
  const hello = { slot: 0, pid: 1, generation: 1, kind: 'lane', encoding: 'wsgi', capacity: 1 };
  const say = (token: string) => frame(frameType.hello, 0, JSON.stringify({ ...hello, token }));
  const strangers = [say('wrong'), say('toke'), frame(frameType.bye, 0), Buffer.from('GET / HTTP/1.1\r\n\r\n'), frame(frameType.hello, 0, '{}')];
  for (const words of strangers) assert.ok((await knock(t, gateway, words)) < 900);
  const ms = await knock(t, gateway, null);
  assert.ok(ms >= 950 && ms < 3000, `${ms}`);
  for (const pattern of [/its token is wrong/, /are no hello/, /are no frames/, /did not say who it is/]) await gateway.logged(pattern);
  assert.equal((await gateway.beat(() => true)).queue?.workers, 0);
});

test('a thousand strangers cost a few lines of log, and no worker its place', async (t) => {
  const gateway = await startGateway(t);
  const bad = frame(frameType.hello, 0, JSON.stringify({ token: 'no', slot: 0, pid: 1, generation: 1, kind: 'lane', encoding: 'wsgi', capacity: 1 }));
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 100 }, () => knock(t, gateway, bad)));
  }
  await FakeWorker.dial(t, { path: linkPath(gateway) });
  assert.equal((await fetchOnce(gateway.target)).body, 'hello');
  await gateway.logged(/and \d+ more like it/);
  assert.ok(gateway.heard('log').length < 30);
});

test('the least busy worker is taken, and of several the lowest slot', async (t) => {
  const gateway = await startGateway(t);
  const seen: number[] = [];
  const held: FakeRequest[] = [];
  const join = async (slot: number, pid: number) =>
    gateway.worker({
      hello: { slot, pid },
      onRequest: (request) => {
        seen.push(slot);
        held.push(request);
      },
    });
  for (const [slot, pid] of [[1, 11], [1, 11], [0, 10], [0, 10], [0, 10]] as const) await join(slot, pid);
  const clients: RawHttp[] = [];
  for (let count = 1; count <= 5; count += 1) {
    clients.push(new RawHttp(t, gateway.target).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    await waitFor('the next', () => seen.length === count);
  }
  assert.deepEqual(seen, [0, 1, 0, 1, 0]);
  for (const { id, worker } of held) worker.answer(id, 'done');
  await Promise.all(clients.map((client) => client.until(/done$/)));
});
