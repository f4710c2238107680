import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { test } from 'node:test';
import type { RequestReport } from '../../src/protocol/worker.ts';
import { startWorker, TestListener, type TestWorker } from '../helpers/start-worker.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';

const holdAll = 'export default (req, res) => { if (req.url === "/now") res.end(); };';

let lastId = 0;

async function report(worker: TestWorker): Promise<RequestReport[]> {
  lastId += 1;
  const id = lastId;
  worker.send({ type: 'report', id });
  const answer = () => worker.heard('requests').find((message) => message.id === id);
  return (await waitFor('the report', answer)).requests;
}

/** What a worker tells when so many requests are in flight. */
const reportOf = (worker: TestWorker, count: number): Promise<RequestReport[]> =>
  waitFor(`${count} requests`, async () => {
    const requests = await report(worker);
    return requests.length === count ? requests : null;
  });

test('a report tells method, path without query, client and age, oldest first', async (t) => {
  const worker = await startWorker(t, { app: holdAll });
  assert.deepEqual(await report(worker), []);
  const first = await StrictConnection.open(worker.target);
  first.write('POST /first?token=secret HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n');
  await reportOf(worker, 1);
  const second = await StrictConnection.open(worker.target);
  second.write('GET http://me:secret@host/second?q#f HTTP/1.1\r\nHost: x\r\n\r\n');
  await reportOf(worker, 2);
  await fetchOnce(worker.target, '/now');
  const [old, young] = await reportOf(worker, 2);
  assert.deepEqual([old?.method, old?.path], ['POST', '/first']);
  assert.deepEqual([young?.method, young?.path], ['GET', '/second']);
  assert.match(String(old?.client), /^127\.0\.0\.1:\d+$/);
  assert.notEqual(old?.client, young?.client);
  assert.ok(Number(old?.ageMs) >= Number(young?.ageMs));
  for (const one of [first, second]) one.close();
  assert.deepEqual(await reportOf(worker, 0), []);
});

test('a report over IPv6 puts the address in brackets, over a Unix socket there is none', async (t) => {
  const ipv6 = await TestListener.bind(t, '[::1]:0').catch(() => null);
  if (ipv6) {
    const worker = await startWorker(t, { app: holdAll, listener: ipv6 });
    const client = await StrictConnection.open({ host: '::1', ...ipv6.target });
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(String((await reportOf(worker, 1))[0]?.client), /^\[::1\]:\d+$/);
    client.close();
  } else t.diagnostic('this machine has no IPv6');
  const unix = await TestListener.bind(t, 'unix:app.sock');
  const worker = await startWorker(t, { app: holdAll, listener: unix });
  const client = await StrictConnection.open(unix.target);
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await reportOf(worker, 1))[0]?.client, null);
  client.close();
});

test('a report is bounded in length, and each path in it', async (t) => {
  const worker = await startWorker(t, { app: holdAll });
  const long = await StrictConnection.open(worker.target);
  long.write(`GET /${'long'.repeat(900)} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await reportOf(worker, 1);
  const many = await Promise.all(
    Array.from({ length: 21 }, () => StrictConnection.open(worker.target)),
  );
  for (const one of many) one.write('GET /many HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
  const requests = await reportOf(worker, 1000);
  assert.equal(requests[0]?.path.length, 1000);
  for (const one of [long, ...many]) one.close();
  await reportOf(worker, 0);
});

test('a report tells the path that was asked for, whatever the app made of it', async (t) => {
  const worker = await startWorker(t, {
    app: 'export default (req, res) => { req.url = "/inner"; };',
  });
  const client = await StrictConnection.open(worker.target);
  client.write('GET /outer/inner HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await reportOf(worker, 1))[0]?.path, '/outer/inner');
  client.close();
});

test('a report knows the streams of HTTP/2', async (t) => {
  const worker = await startWorker(t, {
    app: 'import { createServer } from "node:http2"; export default createServer(() => {});',
  });
  const port = 'port' in worker.target ? worker.target.port : 0;
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  for (const path of ['/one?secret', '/two']) {
    session.request({ ':path': path }).on('error', () => undefined);
  }
  const requests = await reportOf(worker, 2);
  assert.deepEqual(
    requests.map(({ path }) => path),
    ['/one', '/two'],
  );
  assert.match(String(requests[0]?.client), /^127\.0\.0\.1:\d+$/);
});

test('beats tell processor time and how long requests took', async (t) => {
  const worker = await startWorker(t, { app: holdAll });
  for (let count = 0; count < 5; count += 1) await fetchOnce(worker.target, '/now');
  const told = () =>
    worker
      .heard('beat')
      .flatMap(({ latencies }) => latencies.filter((_, index) => index % 2 === 1))
      .reduce((sum, count) => sum + count, 0);
  await waitFor('the latencies', () => told() === 5);
  assert.ok((worker.heard('beat').at(-1)?.cpuMs ?? 0) > 20);
});

test('the last beat of a worker that leaves misses no request', async (t) => {
  const worker = await startWorker(t, { app: holdAll, start: { beatIntervalMs: 60_000 } });
  for (let count = 0; count < 5; count += 1) await fetchOnce(worker.target, '/now');
  worker.send({ type: 'drain', emptyBacklog: true, linger: 'brief', graceMs: 1000 });
  await worker.exited();
  assert.equal(worker.heard('beat').at(-1)?.requests, 5);
});

for (const [what, last] of Object.entries({
  'an uncaught exception': 'setImmediate(() => { throw new Error("too bad"); });',
  'process.exit': 'process.exit(7);',
  'an unhandled rejection': 'void Promise.reject(new Error("too bad"));',
})) {
  test(`a worker that dies of ${what} tells what was in flight`, async (t) => {
    const app = `export default (req, res) => {
      if (req.url === '/now') return res.end();
      if (req.url.startsWith('/die')) { ${last} }
    };`;
    for (let round = 0; round < 3; round += 1) {
      const worker = await startWorker(t, { app, start: { beatIntervalMs: 60_000 } });
      await fetchOnce(worker.target, '/now');
      const many = await Promise.all(
        Array.from({ length: 150 }, () => StrictConnection.open(worker.target)),
      );
      const path = `/${'many'.repeat(900)}`;
      for (const one of many) one.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await reportOf(worker, 150);
      const client = await StrictConnection.open(worker.target);
      await assert.rejects(client.get('/die?secret'));
      // The handle has told of the exit only after it has told everything else.
      await worker.exited();
      const words = worker.heard('requests').at(-1);
      assert.equal(words?.id, 0);
      assert.equal(words?.requests.length, 100, 'some of the oldest and some of the newest');
      assert.equal(words?.requests.at(-1)?.path, '/die');
      assert.equal(worker.heard('beat').at(-1)?.requests, 1);
      for (const one of [...many, client]) one.close();
    }
  });
}

test('a worker that leaves as it should has no last words', async (t) => {
  const worker = await startWorker(t, { app: holdAll });
  const client = await StrictConnection.open(worker.target);
  const answer = assert.rejects(client.get());
  await reportOf(worker, 1);
  worker.send({ type: 'quit' });
  await worker.exited();
  await answer;
  assert.equal(
    worker.heard('requests').some(({ id }) => id === 0),
    false,
  );
});
