import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { sampleWorker } from '../../../helpers/sample-views.ts';
import { diagnose, find } from './sick-instance.ts';

const views = (address: string, changes: object = {}) => ({
  address,
  url: '',
  backlog: 2048,
  queued: 0,
  shared: true,
  ...changes,
});

async function serve(t: TestContext, answer: (socket: net.Socket) => void): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return `127.0.0.1:${address.port}`;
}

const http = (status: string) => (socket: net.Socket) =>
  void socket.once('data', () => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`));

test('a healthy instance has neither warnings nor failures but for versions', async (t) => {
  const address = await serve(t, http('204 No Content'));
  const checks = await diagnose(t, { status: { listeners: [views(address)] } });
  // The tests also run on a Node.js that is not the pinned one.
  const isVersion = (name: string) => name === 'versions' || name.startsWith('node of');
  const bad = checks.filter(({ name, verdict }) => verdict !== 'ok' && !isVersion(name));
  assert.deepEqual(bad, []);
  assert.match(find(checks, 'reachable').message, /^127.*answers with 204 in \d+ ms$/);
  assert.match(find(checks, 'versions').message, /^The instance runs tsgun 0\.0\.0, and tsgunctl/);
  assert.equal(find(checks, 'versions').verdict, 'warn');
});

const reach: [title: string, verdict: string, message: RegExp, answer: (s: net.Socket) => void][] =
  [
    ['an answer of 503', 'warn', /answers with 503/, http('503 Busy')],
    ['another protocol', 'warn', /does not speak HTTP/, (socket) => void socket.end('220 ftp\r\n')],
    [
      'a connection that is cut',
      'fail',
      /without an answer/,
      (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    ],
    ['silence', 'fail', /does not answer a request within 2 s/, () => undefined],
  ];

for (const [title, verdict, message, answer] of reach) {
  test(`a listener is tried as a client would: ${title}`, { timeout: 20_000 }, async (t) => {
    const address = await serve(t, answer);
    const checks = await diagnose(t, { status: { listeners: [views(address)] } });
    const found = find(checks, 'reachable');
    assert.equal(found.verdict, verdict);
    assert.match(found.message, message);
  });
}

test('a listener that refuses is a failure, and an address without a place is unknown', async (t) => {
  const address = await serve(t, () => undefined);
  const port = Number(address.split(':')[1]);
  const listeners = [views('unix:/nowhere/x.sock'), views('fd://7'), views(`:${port}`)];
  const checks = await diagnose(t, { status: { listeners } });
  const found = checks.filter(({ name }) => name === 'reachable');
  assert.deepEqual(
    found.map(({ verdict }) => verdict),
    ['fail', 'unknown', 'fail'],
  );
  assert.match(found[0]?.message ?? '', /cannot be connected to: .*ENOENT/);
});

test('backlogs beyond somaxconn and full queues are told, with what helps', async (t) => {
  const listeners = [
    views('fd://3', { backlog: 8192 }),
    views('fd://4', { backlog: 100, queued: 60 }),
    views('fd://5', { backlog: 8192, queued: 4096 }),
    views('fd://6', { queued: null }),
  ];
  const checks = await diagnose(t, { status: { listeners } });
  const backlog = checks.filter(({ name }) => name === 'backlog');
  assert.equal(backlog.length, 2);
  assert.equal(backlog[0]?.hint, 'sysctl -w net.core.somaxconn=8192');
  const queues = checks.filter(({ name }) => name === 'accept queue');
  assert.deepEqual(
    queues.map(({ verdict, message }) => [verdict, message]),
    [
      ['warn', '60 of at most 100 connections wait at fd://4'],
      ['fail', '4096 of at most 4096 connections wait at fd://5'],
    ],
  );
});

test('failing slots, a pause, a hold and a slow event loop are told', async (t) => {
  const workers = { wanted: 4, ready: 2, booting: 0, draining: 0, degraded: 2, parked: 0 };
  const checks = await diagnose(t, {
    status: { degraded: true, paused: true, held: true, workers },
    answers: { workers: () => [sampleWorker(0), sampleWorker(3, { lagMs: 1200 })] },
  });
  const found = checks.filter(({ name }) => name === 'workers');
  assert.deepEqual(
    found.map(({ hint, verdict }) => [verdict, hint]),
    [
      ['fail', 'tsgunctl -i web why'],
      ['warn', 'tsgunctl -i web unpause'],
      ['warn', 'tsgunctl -i web resume'],
      ['warn', 'tsgunctl -i web dump 3'],
    ],
  );
  assert.equal(found[0]?.message, '2 of 4 serve, 2 slots keep failing');
});

test('deaths of the last hour are counted by reason, and older ones are past', async (t) => {
  const death = (reason: string, minutes: number) => ({
    reason,
    at: Date.now() - minutes * 60_000,
  });
  const why = () => [death('oom', 5), death('crashed', 10), death('oom', 59), death('oom', 61)];
  const checks = await diagnose(t, { answers: { why } });
  const found = find(checks, 'deaths');
  assert.equal(found.verdict, 'warn');
  assert.equal(found.message, '3 workers died in the last hour: 2 oom, 1 crashed');
  const calm = await diagnose(t, { answers: { why: () => [death('oom', 61)] } });
  assert.equal(find(calm, 'deaths').verdict, 'ok');
});

test('a clock that was set since the start is told', async (t) => {
  const checks = await diagnose(t, {
    status: { startedAt: Date.now() - 360_000, uptimeMs: 60_000 },
  });
  assert.match(find(checks, 'clock').message, /jumped forward by 5m00s/);
  const back = await diagnose(t, { status: { startedAt: Date.now(), uptimeMs: 60_000 } });
  assert.match(find(back, 'clock').message, /jumped back by 1m00s/);
});

test('methods that fail or never answer leave what depends on them open, in bounded time', async (t) => {
  const begun = performance.now();
  const checks = await diagnose(t, {
    answers: {
      why: () => Promise.withResolvers().promise,
      workers: () => {
        throw new Error('no');
      },
    },
  });
  assert.ok(performance.now() - begun < 7000);
  assert.deepEqual(find(checks, 'deaths'), {
    name: 'deaths',
    verdict: 'unknown',
    message: 'Cannot tell: "why" took longer than 3 s',
    hint: null,
  });
  assert.equal(find(checks, 'workers').verdict, 'unknown');
  assert.equal(find(checks, 'memory').verdict, 'ok');
});
