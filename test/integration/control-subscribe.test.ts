import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlServer } from '../../src/control/server.ts';
import { logLevels } from '../../src/core/logger.ts';
import {
  expectService,
  type Json,
  RawClient,
  startControlServer,
} from '../helpers/control-server.ts';
import { waitFor } from '../helpers/wait-for.ts';

const MiB = 1024 * 1024;

function publishMany(server: ControlServer, count: number, text = 'x'): void {
  for (let each = 0; each < count; each += 1) server.publish({ type: 'test', text });
}

const logLine = (server: ControlServer, level: (typeof logLevels)[number], message: string) =>
  server.publishLog({ at: 1, level, pid: 2, slot: null, message });

const seqs = (client: RawClient, method = 'event'): number[] =>
  client.notifications(method).map(({ seq }) => seq);

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

/** Waits for the last one, so that one too many would be seen as well. */
const until = (client: RawClient, seq: number, method = 'event') =>
  waitFor(`${method} ${seq}`, () => seqs(client, method).includes(seq));

test('a subscriber gets what happens from now on, in order, after the answer', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  publishMany(server, 3);
  const { result } = await client.ask('subscribe', { topic: 'events' });
  assert.deepEqual([result.topic, result.seq, result.lost], ['events', 3, 0]);
  assert.match(result.epoch, /^[0-9a-f]{16}$/);
  server.publish({ type: 'serving', text: 'Serves', detail: { slot: 1 } });
  publishMany(server, 500);
  await until(client, 504);
  assert.deepEqual(seqs(client), range(4, 504));
  const [first] = client.notifications('event');
  assert.deepEqual([first.type, first.text, first.detail], ['serving', 'Serves', { slot: 1 }]);
  assert.ok(Math.abs(first.at - Date.now()) < 60_000);
  assert.equal(server.counts.subscribers, 1);
});

test('what is still remembered is replayed, and what is not is counted', async (t) => {
  const { path, server } = await startControlServer(t, { limits: { remembered: 10 } });
  publishMany(server, 25);
  const cases: [Json, { seq: number; lost: number }][] = [
    [{ since: 20 }, { seq: 20, lost: 0 }],
    [{ since: 15 }, { seq: 15, lost: 0 }],
    [{ since: 4 }, { seq: 15, lost: 11 }],
    [{ since: 0 }, { seq: 15, lost: 15 }],
    [{ since: 25 }, { seq: 25, lost: 0 }],
    [{ since: 9999 }, { seq: 15, lost: 15 }],
    [
      { since: 20, epoch: 'another' },
      { seq: 15, lost: 15 },
    ],
    [{ tail: 3 }, { seq: 22, lost: 0 }],
    [{ tail: 0 }, { seq: 25, lost: 0 }],
    [{ tail: 9999 }, { seq: 15, lost: 0 }],
    [{}, { seq: 25, lost: 0 }],
  ];
  for (const [params, expected] of cases) {
    const client = await RawClient.connect(t, path);
    const { result } = await client.ask('subscribe', { topic: 'events', ...params });
    assert.deepEqual({ seq: result.seq, lost: result.lost }, expected, JSON.stringify(params));
    // The replay was written with the answer, so the next answer comes behind all of it.
    await client.ask('ping');
    assert.deepEqual(seqs(client), range(expected.seq + 1, 25), JSON.stringify(params));
  }
});

test('a reader who comes back with number and epoch misses nothing', async (t) => {
  const { path, server } = await startControlServer(t);
  const first = await RawClient.connect(t, path);
  const { epoch } = (await first.ask('subscribe', ['events'])).result;
  publishMany(server, 5);
  await until(first, 5);
  first.socket.destroy();
  publishMany(server, 5);
  const second = await RawClient.connect(t, path);
  await second.ask('subscribe', { topic: 'events', since: 5, epoch });
  publishMany(server, 5);
  await until(second, 15);
  assert.deepEqual(seqs(second), range(6, 15));
});

test('log lines come from a level on, in replay too', async (t) => {
  const { path, server } = await startControlServer(t);
  for (const level of logLevels) logLine(server, level, `before ${level}`);
  const client = await RawClient.connect(t, path);
  await client.ask('subscribe', { topic: 'log', level: 'warning', tail: 2 });
  for (const level of logLevels) logLine(server, level, `after ${level}`);
  await until(client, 10, 'log');
  assert.deepEqual(
    client.notifications('log').map(({ message }) => message),
    ['before error', 'before critical', 'after warning', 'after error', 'after critical'],
  );
  assert.deepEqual(client.notifications('log')[0], {
    seq: 4,
    at: 1,
    level: 'error',
    pid: 2,
    slot: null,
    message: 'before error',
  });
});

test('subscribing again replaces, other topics go on, and unsubscribing ends', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  await client.ask('subscribe', ['log']);
  await client.ask('subscribe', { topic: 'events' });
  await client.ask('subscribe', { topic: 'events' });
  await client.ask('subscribe', { topic: 'log', level: 'error' });
  assert.equal(server.counts.subscribers, 2);
  publishMany(server, 1);
  logLine(server, 'info', 'no');
  logLine(server, 'error', 'yes');
  await until(client, 2, 'log');
  assert.deepEqual([seqs(client), seqs(client, 'log')], [[1], [2]]);
  assert.deepEqual((await client.ask('unsubscribe', ['events'])).result, {
    topic: 'events',
    subscribed: true,
  });
  assert.deepEqual((await client.ask('unsubscribe', ['events'])).result, {
    topic: 'events',
    subscribed: false,
  });
  publishMany(server, 1);
  logLine(server, 'error', 'more');
  await until(client, 3, 'log');
  assert.deepEqual(seqs(client), [1]);
  client.socket.destroy();
  await waitFor('the subscription to be gone', () => server.counts.subscribers === 0);
});

test('parameters that say nothing together are refused', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  for (const params of [
    { topic: 'events', since: 1, tail: 1 },
    { topic: 'events', level: 'info' },
    { topic: 'nope' },
    { topic: 'log', level: 'loud' },
    { topic: 'log', since: -1 },
    { topic: 'log', since: 1.5 },
    {},
  ])
    assert.equal(
      (await client.ask('subscribe', params)).error.data.code,
      'TSGUN_E_USAGE',
      JSON.stringify(params),
    );
  assert.equal(server.counts.subscribers, 0);
});

test('in a batch, nothing of a topic comes before the answer', async (t) => {
  const state = { finish() {} };
  const { path, server } = await startControlServer(t, {
    api: {
      status: () =>
        new Promise((resolve) => {
          state.finish = () => resolve('ok');
        }),
    },
  });
  const client = await RawClient.connect(t, path);
  client.send([
    { jsonrpc: '2.0', id: 1, method: 'subscribe', params: ['events'] },
    { jsonrpc: '2.0', id: 2, method: 'status' },
  ]);
  await waitFor('the subscription', () => server.counts.subscribers === 1);
  publishMany(server, 10);
  state.finish();
  await until(client, 10);
  assert.ok(Array.isArray(client.lines[0]));
  assert.deepEqual(seqs(client), range(1, 10));
});

test('one who does not read is dropped, and told so when it reads again', async (t) => {
  const { path, server } = await startControlServer(t);
  const slow = await RawClient.connect(t, path);
  const { epoch } = (await slow.ask('subscribe', ['events'])).result;
  const keen = await RawClient.connect(t, path);
  await keen.ask('subscribe', ['events']);
  slow.socket.pause();
  const total = 8000;
  for (let sent = 0; sent < total; sent += 100) {
    publishMany(server, 100, 'x'.repeat(500));
    await until(keen, server.counts.eventSeq);
  }
  assert.deepEqual(seqs(keen), range(1, total));
  assert.equal(server.counts.subscribers, 1);
  slow.socket.resume();
  const { params } = await slow.find('the notice', ({ method }) => method === 'dropped');
  assert.equal(params.topic, 'events');
  assert.deepEqual(seqs(slow), range(1, params.seq));
  const again = (await slow.ask('subscribe', { topic: 'events', since: params.seq, epoch })).result;
  assert.equal(again.seq, params.seq + again.lost);
  assert.ok(again.lost > 0);
  await until(slow, total);
  assert.deepEqual(seqs(slow).slice(-(total - again.seq)), range(again.seq + 1, total));
});

test('a burst that is larger than what is remembered reaches one who reads', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  await client.ask('subscribe', ['events']);
  publishMany(server, 1500);
  await until(client, 1500);
  assert.deepEqual(seqs(client), range(1, 1500));
});

test('a hundred who subscribe and never read change nothing for the others', async (t) => {
  const { path, server } = await startControlServer(t);
  for (let count = 0; count < 100; count += 1) {
    const client = await RawClient.connect(t, path);
    client.socket.pause();
    client.send({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: ['log'] });
  }
  await waitFor('all to subscribe', () => server.counts.subscribers === 100);
  const before = process.memoryUsage().rss;
  for (let turn = 0; turn < 100; turn += 1) {
    for (let line = 0; line < 100; line += 1) logLine(server, 'info', 'x'.repeat(300));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(server.counts.subscribers, 0);
  await expectService(t, path);
  const grown = process.memoryUsage().rss - before;
  t.diagnostic(`grown by ${Math.round(grown / MiB)} MiB`);
  assert.ok(grown < 100 * MiB, `${grown} bytes`);
});

test('what is no JSON, or far too long, is cut and stops nothing', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  await client.ask('subscribe', ['events']);
  await client.ask('subscribe', ['log']);
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  for (const detail of [circular, 1n, 'x'.repeat(MiB), () => 1])
    server.publish({ type: 'odd', text: 'x'.repeat(MiB), detail });
  logLine(server, 'info', 'y'.repeat(MiB));
  await until(client, 4);
  await until(client, 1, 'log');
  for (const { text, detail } of client.notifications('event')) {
    assert.equal(detail, null);
    assert.match(text, /^x{16384} \[cut\]$/);
  }
});

test('close() sends what was published just before', async (t) => {
  const { path, server } = await startControlServer(t);
  const client = await RawClient.connect(t, path);
  await client.ask('subscribe', ['events']);
  publishMany(server, 100);
  await server.close();
  await client.untilEnd();
  assert.deepEqual(seqs(client), range(1, 100));
});
