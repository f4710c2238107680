import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { StrictConnection } from '../../helpers/strict-client.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { serve } from './serve.ts';

test('a request is recorded once, with the size of its body', async (t) => {
  const { port, records, traffic } = await serve(t, (req, res) => {
    if (req.url === '/chunked') res.write('some ');
    res.end('thing');
  });
  const client = await StrictConnection.open({ port });
  await client.get('/plain');
  await client.get('/chunked');
  await waitFor('both records', () => records.length === 2);
  client.close();
  const [plain, chunked] = records;
  assert.deepEqual(
    [plain?.bytes, plain?.aborted, plain?.slot, plain?.remoteAddress],
    [5, false, 3, '127.0.0.1'],
  );
  assert.ok((chunked?.bytes ?? 0) >= 10, 'with the sizes of its chunks');
  assert.equal(traffic.requests, 2);
  assert.equal(traffic.inFlight, 0);
});

test('a client that leaves in the middle is recorded as aborted', async (t) => {
  const { port, records, traffic } = await serve(t, (_req, res) => void res.write('begun'));
  const client = await StrictConnection.open({ port });
  client.write('GET /path?secret=1 HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('the answer to begin', () => client.received > 0);
  const [{ ageMs, client: from, ...request } = { ageMs: -1, client: null }] =
    traffic.reportInFlight(10);
  assert.deepEqual(request, { method: 'GET', path: '/path' });
  assert.match(String(from), /^127\.0\.0\.1:\d+$/);
  assert.ok(ageMs >= 0);
  client.close();
  await waitFor('the record', () => records.length === 1);
  assert.equal(records[0]?.aborted, true);
  assert.equal(traffic.inFlight, 0);
  assert.equal(traffic.connections.size, 0);
});

test('listeners that are added later get the requests', async (t) => {
  const { port, records, server } = await serve(t, createServer());
  server.on('request', (_req, res) => res.end('late'));
  const client = await StrictConnection.open({ port });
  assert.equal((await client.get()).body, 'late');
  client.close();
  await waitFor('the record', () => records.length === 1);
});

test('request hooks run around the app, and a refused request reaches neither', async (t) => {
  const seen: string[] = [];
  const { port } = await serve(
    t,
    (_req, res) => {
      seen.push('app');
      res.end();
    },
    {
      limits: { requestLine: 30, requestFields: 10, requestFieldSize: 100 },
      preRequest: (req) => seen.push(`pre ${req.url}`),
      postRequest: (req, res) => seen.push(`post ${req.url} ${res.statusCode}`),
    },
  );
  const client = await StrictConnection.open({ port });
  await client.get('/a');
  assert.equal((await client.get('/much-too-long-for-this')).status, 414);
  client.close();
  await waitFor('the end', () => seen.length >= 4);
  assert.deepEqual(seen.slice(0, 3), ['pre /a', 'app', 'post /a 200']);
  assert.ok(!seen.some((what) => /^(pre|app)/.test(what) && /much/.test(what)));
});

test('the keep-alive time-out is ours unless the app has set one', async (t) => {
  const ours = await serve(t, (_req, res) => res.end(), { keepaliveMs: 2000 });
  assert.equal(ours.server.keepAliveTimeout, 2000);
  const server = createServer((_req, res) => res.end());
  server.keepAliveTimeout = 65_000;
  assert.equal((await serve(t, server, { keepaliveMs: 2000 })).server.keepAliveTimeout, 65_000);
});

test('without keep-alive each answer ends its connection', async (t) => {
  const { port } = await serve(t, (_req, res) => res.end('x'), { keepaliveMs: 0 });
  const client = await StrictConnection.open({ port });
  assert.equal((await client.get()).headers.get('connection'), 'close');
  await waitFor('the end', () => client.closed);
});

test('an expectation that the app answers itself is one request', async (t) => {
  const server = createServer((_req, res) => res.end('after'));
  server.on('checkContinue', (req, res) => {
    res.writeContinue();
    server.emit('request', req, res);
  });
  const { port, traffic } = await serve(t, server);
  const client = await StrictConnection.open({ port });
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  assert.equal((await client.answer()).status, 100);
  client.write('ab');
  assert.equal((await client.answer()).body, 'after');
  const [connection] = traffic.connections.values();
  await waitFor('the end of both', () => connection?.idle);
  assert.equal(traffic.requests, 1);
  client.close();
});
