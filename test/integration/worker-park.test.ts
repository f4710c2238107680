import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { ToWorker } from '../../src/protocol/worker.ts';
import { startWorker, TestListener, type TestWorker } from '../helpers/start-worker.ts';
import { fetchOnce, hammer, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

const app = `
  import { setTimeout as delay } from 'node:timers/promises';
  const held = [];
  export default async (req, res) => {
    if (req.url === '/hold') return void held.push(res);
    if (req.url === '/release') for (const one of held.splice(0)) one.end('held');
    if (req.url === '/slow') await delay(5);
    res.end(String(process.pid));
  };
`;

const park: ToWorker = { type: 'park', linger: 'brief', graceMs: 20_000 };
const drain = (emptyBacklog: boolean): ToWorker => ({ ...park, type: 'drain', emptyBacklog });

/** A request that is in flight until somebody asks for `/release`. */
async function hold(worker: TestWorker) {
  const client = await StrictConnection.open(worker.target);
  const answer = client.get('/hold');
  answer.catch(() => undefined); // awaited later
  await waitFor('the request to be in flight', () => worker.heard('beat').at(-1)?.inFlight === 1);
  return { client, answer };
}

/** Does something with one of two workers while clients of all kinds lose nothing. */
async function underLoad(
  t: Parameters<typeof startWorker>[0],
  act: (worker: TestWorker, load: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const listener = await TestListener.bind(t);
  const [worker] = await Promise.all([1, 2].map(() => startWorker(t, { app, listener })));
  const { target } = listener;
  const clients = [
    hammer(t, { target, connections: 4, keepAlive: true }),
    hammer(t, { target, connections: 4, keepAlive: false }),
    hammer(t, { target, connections: 4, keepAlive: true, path: '/slow' }),
    hammer(t, { target, connections: 4, keepAlive: false, path: '/slow' }),
  ];
  const load = async () => {
    const before = clients.map(({ answered }) => answered);
    await waitFor('load', () => clients.every((one, i) => one.answered > (before[i] ?? 0) + 10));
  };
  await load();
  await act(worker!, load);
  await Promise.all(clients.map((client) => client.stop()));
  const failures = clients.flatMap((client) => client.failures);
  assert.deepEqual(failures, []);
}

test('a worker that is parked and unparked again and again loses no request', async (t) => {
  await underLoad(t, async (worker, load) => {
    for (let round = 1; round <= 5; round += 1) {
      worker.send(park);
      await worker.hear('parked', round);
      const { requests } = await worker.hear('beat', worker.heard('beat').length + 1);
      await load();
      const beat = await worker.hear('beat', worker.heard('beat').length + 1);
      assert.equal(beat.requests, requests, 'it serves nothing');
      assert.equal(beat.connections, 0);
      worker.send({ type: 'unpark' });
      await worker.hear('unparked', round);
      await waitFor(
        'it to serve again',
        () => (worker.heard('beat').at(-1)?.requests ?? 0) > requests,
      );
    }
  });
});

test('no order of park, unpark, pause and unpause loses a request', async (t) => {
  await underLoad(t, async (worker, load) => {
    const orders: ToWorker[] = [
      park,
      { type: 'unpark' },
      { type: 'pause' },
      { type: 'unpause' },
      { ...park, linger: 'keepalive' },
    ];
    for (let step = 0; step < 300; step += 1) {
      worker.send(orders[Math.floor(Math.random() * orders.length)]!);
      const until = performance.now() + Math.random() * 20;
      await waitFor('the next', () => performance.now() > until);
    }
    worker.send({ type: 'unpause' });
    worker.send({ type: 'unpark' });
    const { requests } = worker.heard('beat').at(-1)!;
    await waitFor(
      'it to serve',
      () => (worker.heard('beat').at(-1)?.requests ?? 0) > requests + 10,
    );
    await load();
    worker.send(drain(false));
    assert.equal((await worker.exited()).code, 0);
  });
});

for (const [what, orders] of Object.entries({
  'a drain while it parks': [park, drain(false)],
  'a drain of a paused one': [{ type: 'pause' }, drain(false)],
  'a drain with an unpark behind it': [park, drain(true), { type: 'unpark' }, { type: 'unpause' }],
} satisfies Record<string, ToWorker[]>)) {
  test(`${what} loses no request`, async (t) => {
    await underLoad(t, async (worker, load) => {
      for (const order of orders) worker.send(order);
      assert.equal((await worker.exited()).code, 0);
      assert.deepEqual(worker.heard('unparked'), []);
      await load();
    });
  });
}

test('what comes while a worker is parked waits, and is answered at once when it is back', async (t) => {
  const worker = await startWorker(t, { app });
  worker.send(park);
  await worker.hear('parked');
  const client = await StrictConnection.open(worker.target);
  const answer = client.get();
  await worker.hear('beat', worker.heard('beat').length + 2);
  assert.equal(client.received, 0);
  const begun = performance.now();
  worker.send({ type: 'unpark' });
  const { headers } = await answer;
  // It waits for nothing; how fast that is, is for the benchmarks.
  assert.ok(performance.now() - begun < 1000, `${performance.now() - begun} ms`);
  assert.equal(headers.get('connection'), 'keep-alive');
  assert.equal((await client.get()).headers.get('connection'), 'keep-alive');
  await worker.hear('unparked');
  client.close();
});

test('a worker that is parked already, or never was, says so again', async (t) => {
  const worker = await startWorker(t, { app });
  worker.send({ type: 'unpark' });
  await worker.hear('unparked');
  worker.send(park);
  await worker.hear('parked');
  worker.send(park);
  await worker.hear('parked', 2);
  worker.send({ type: 'quit' });
  assert.equal((await worker.exited()).code, 0);
});

test('an unpark while a request holds up the parking takes it back', async (t) => {
  const worker = await startWorker(t, { app });
  const { client, answer } = await hold(worker);
  worker.send(park);
  const idle = await StrictConnection.open(worker.target);
  worker.send({ type: 'unpark' });
  await worker.hear('unparked');
  assert.equal((await idle.get('/release')).headers.get('connection'), 'keep-alive');
  assert.equal((await answer).body, 'held');
  for (const one of [client, idle]) one.close();
  await waitFor('both to be gone', () => worker.heard('beat').at(-1)?.connections === 0);
  await worker.hear('beat', worker.heard('beat').length + 1);
  assert.deepEqual(worker.heard('parked'), []);
});

test('what is not over after the grace is cut, and then the worker is parked', async (t) => {
  const worker = await startWorker(t, { app });
  const { answer } = await hold(worker);
  const begun = performance.now();
  worker.send({ ...park, graceMs: 150 });
  await worker.hear('parked');
  assert.ok(performance.now() - begun >= 145);
  await assert.rejects(answer);
  assert.equal(worker.exit, null);
});

test('a parked worker that drains empties the queue when nobody else will', async (t) => {
  for (const first of [park, { type: 'pause' } satisfies ToWorker]) {
    const worker = await startWorker(t, { app });
    worker.send(first);
    if (first.type === 'park') await worker.hear('parked');
    await worker.hear('beat', worker.heard('beat').length + 1);
    const clients = await Promise.all([1, 2, 3].map(() => StrictConnection.open(worker.target)));
    const answers = clients.map((client) => client.get());
    worker.send(drain(true));
    for (const answer of answers) assert.equal((await answer).body, String(worker.pid));
    assert.equal((await worker.exited()).code, 0);
  }
});

test('a full worker that drains empties the queue too, beyond what fits', async (t) => {
  const worker = await startWorker(t, { app, start: { workerConnections: 2 } });
  const taken = await Promise.all([1, 2].map(() => StrictConnection.open(worker.target)));
  for (const client of taken) await client.get();
  const waiting = await Promise.all([1, 2, 3, 4].map(() => StrictConnection.open(worker.target)));
  const answers = waiting.map((client) => client.get());
  worker.send(drain(true));
  for (const answer of answers) assert.equal((await answer).body, String(worker.pid));
  assert.equal((await worker.exited()).code, 0);
  for (const client of taken) client.close();
});

test('a pause leaves connections alone and new ones in the queue', async (t) => {
  const worker = await startWorker(t, { app });
  const old = await StrictConnection.open(worker.target);
  await old.get();
  for (let round = 0; round < 3; round += 1) {
    worker.send({ type: 'pause' });
    await worker.hear('beat', worker.heard('beat').length + 2);
    const waiting = await StrictConnection.open(worker.target);
    const answer = waiting.get();
    assert.equal((await old.get()).headers.get('connection'), 'keep-alive');
    assert.equal(waiting.received, 0);
    worker.send({ type: 'unpause' });
    assert.equal((await answer).body, String(worker.pid));
    waiting.close();
  }
  old.close();
});

test('a worker that starts paused is ready, knows its address, and accepts nothing', async (t) => {
  const app = `
    import { createServer } from 'node:http';
    const server = createServer((req, res) => res.end(String(server.address().port)));
    server.listen(3000, () => console.log('port ' + server.address().port));
  `;
  const listener = await TestListener.bind(t);
  const client = await StrictConnection.open(listener.target);
  const answer = client.get();
  const worker = await startWorker(t, { app, listener, start: { paused: true } });
  await worker.hear('beat', 3);
  assert.equal(client.received, 0);
  const port = 'port' in worker.target ? worker.target.port : 0;
  assert.ok(worker.log.some(({ message }) => message === `port ${port}`));
  worker.send({ type: 'unpause' });
  assert.equal((await answer).body, String(port));
  client.close();
});

test('an order that comes while a worker boots is obeyed when it serves', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'conf.mjs': `
      import { setTimeout as delay } from 'node:timers/promises';
      await delay(200);
      export const postFork = () => delay(200);
    `,
  });
  const hooksFrom = { path: `${dir}/conf.mjs`, names: ['postFork'], timeoutMs: 5000 };
  for (const [hold, release] of [
    [{ type: 'pause' }, { type: 'unpause' }],
    [park, { type: 'unpark' }],
  ] satisfies ToWorker[][]) {
    const listener = await TestListener.bind(t);
    const client = await StrictConnection.open(listener.target);
    const answer = client.get();
    const options = { app, listener, start: { hooksFrom }, waitUntilReady: false };
    const worker = await startWorker(t, options);
    worker.send(hold!);
    await worker.hear('ready');
    await worker.hear('beat', worker.heard('beat').length + 2);
    assert.equal(client.received, 0);
    worker.send(release!);
    assert.equal((await answer).body, String(worker.pid));
    client.close();
  }
});

test('a worker accepts only when no reason is left not to', async (t) => {
  const worker = await startWorker(t, { app, start: { workerConnections: 1 } });
  const first = await StrictConnection.open(worker.target);
  await first.get();
  worker.send({ type: 'pause' });
  const second = await StrictConnection.open(worker.target);
  const answer = second.get();
  const waits = async (why: string) => {
    await worker.hear('beat', worker.heard('beat').length + 2);
    assert.equal(second.received, 0, why);
  };
  worker.send({ type: 'unpause' });
  await waits('it is full');
  worker.send({ type: 'pause' });
  first.close();
  await waits('it is paused');
  worker.send(park);
  await worker.hear('parked');
  worker.send({ type: 'unpause' });
  await waits('it is parked');
  worker.send({ type: 'pause' });
  worker.send({ type: 'unpark' });
  await worker.hear('unparked');
  await waits('it is paused again');
  worker.send({ type: 'unpause' });
  assert.equal((await answer).body, String(worker.pid));
  second.close();
});

test('a held worker that drains does not keep an address open that is given up', async (t) => {
  const worker = await startWorker(t, { app });
  const { client, answer } = await hold(worker);
  worker.send({ type: 'pause' });
  await worker.hear('beat', worker.heard('beat').length + 2);
  worker.listener.close();
  await StrictConnection.open(worker.target).then((one) => one.close());
  worker.send(drain(false));
  await waitFor('the address to be gone', () =>
    StrictConnection.open(worker.target).then(
      (one) => one.close(),
      (error: Error) => /ECONNREFUSED/.test(error.message),
    ),
  );
  client.write('GET /release HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal((await answer).body, 'held');
  assert.equal((await worker.exited()).code, 0);
});

test('an HTTP/2 session finishes its streams when its worker is parked', async (t) => {
  const worker = await startWorker(t, {
    app: `
      import { createServer } from 'node:http2';
      export default createServer((req, res) => {
        res.writeHead(200).write('h');
        setTimeout(() => res.end('2'), 200);
      });
    `,
  });
  const port = 'port' in worker.target ? worker.target.port : 0;
  const ask = async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    t.after(() => session.destroy());
    const stream = session.request({ ':path': '/' }).setEncoding('utf8');
    let body = '';
    stream.on('data', (text: string) => (body += text));
    const ended = once(stream, 'end').then(() => body);
    // One that comes just after the goodbye would be refused, which tells the client to ask again.
    await once(stream, 'response');
    return { ended, closed: once(session, 'close') };
  };
  const first = await ask();
  worker.send(park);
  assert.equal(await first.ended, 'h2');
  await first.closed;
  await worker.hear('parked');
  worker.send({ type: 'unpark' });
  await worker.hear('unparked');
  const second = await ask();
  assert.equal(await second.ended, 'h2');
});

test('a WebSocket is left alone by parking until the grace is over', async (t) => {
  const worker = await startWorker(t, {
    app: `
      import { createServer } from 'node:http';
      const server = createServer((req, res) => res.end());
      server.on('upgrade', (req, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n');
        socket.pipe(socket);
      });
      export default server;
    `,
  });
  const client = connect('port' in worker.target ? worker.target.port : 0, '127.0.0.1');
  t.after(() => client.destroy());
  let received = '';
  client.setEncoding('latin1').on('data', (text: string) => (received += text));
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
  await waitFor('the upgrade', () => /101 .*\r\n\r\n/s.test(received));
  const begun = performance.now();
  worker.send({ ...park, graceMs: 800 });
  await waitFor('the linger to be over', () => performance.now() - begun > 500);
  client.write('still here');
  await waitFor('the echo', () => received.endsWith('still here'));
  assert.deepEqual(worker.heard('parked'), []);
  await worker.hear('parked');
  assert.ok(performance.now() - begun >= 795);
  await waitFor('its end', () => client.destroyed || client.readableEnded);
});

test('a closing app is replaced however it was held before', async (t) => {
  const worker = await startWorker(t, {
    app: `
      import { createServer } from 'node:http';
      const server = createServer((req, res) => { res.end('bye'); server.close(); });
      server.listen(3000);
    `,
  });
  assert.equal((await fetchOnce(worker.target)).body, 'bye');
  await worker.hear('leaving');
  const waiting = await StrictConnection.open(worker.target);
  const answer = waiting.get();
  worker.send({ type: 'pause' });
  worker.send({ type: 'unpause' });
  await worker.hear('beat', worker.heard('beat').length + 2);
  assert.equal(waiting.received, 0);
  worker.send(drain(true));
  assert.equal((await answer).body, 'bye');
  assert.equal((await worker.exited()).code, 0);
});

test('a worker without a descriptor left is held as soon as it has one again', async (t) => {
  const worker = await startWorker(t, {
    descriptorLimit: 64,
    app: `
      import { closeSync, openSync } from 'node:fs';
      const opened = [];
      export default (req, res) => {
        if (req.url === '/free') for (const fd of opened.splice(0)) closeSync(fd);
        if (req.url === '/fill') {
          try { for (;;) opened.push(openSync('/dev/null')); } catch {}
        }
        res.end(String(process.pid));
      };
    `,
  });
  const old = await StrictConnection.open(worker.target);
  for (const type of ['pause', 'unpause'] as const) worker.send({ type });
  await worker.hear('beat', worker.heard('beat').length + 2);
  for (let round = 0; round < 2; round += 1) {
    await old.get('/fill');
    worker.send({ type: 'pause' });
    await worker.hear('log', round + 1);
    await worker.hear('beat', worker.heard('beat').length + 4);
    await old.get('/free');
    await worker.hear('beat', worker.heard('beat').length + 3);
    const waiting = await StrictConnection.open(worker.target);
    const answer = waiting.get();
    await old.get();
    assert.equal(waiting.received, 0);
    worker.send({ type: 'unpause' });
    assert.equal((await answer).body, String(worker.pid));
    waiting.close();
    await worker.hear('beat', worker.heard('beat').length + 1);
    await waitFor('one to be left', () => worker.heard('beat').at(-1)?.connections === 1);
  }
  old.close();
  const complaints = worker.heard('log').map(({ message }) => message);
  assert.equal(complaints.length, 2);
  for (const message of complaints) assert.match(message, /^Cannot stop accepting: .*\(EMFILE\)$/);
});

test('a TLS handshake under way is finished by a drain, and a silent client does not hold it up', async (t) => {
  const worker = await startWorker(t, {
    app: `
      import { createServer } from 'node:https';
      const pskCallback = () => Buffer.from('secret');
      const options = { pskCallback, ciphers: 'PSK', maxVersion: 'TLSv1.2' };
      export default createServer(options, (req, res) => res.end('tls'));
    `,
  });
  const port = 'port' in worker.target ? worker.target.port : 0;
  const bare = () => connect(port, '127.0.0.1');
  const sockets = [bare(), bare()];
  t.after(() => sockets.forEach((socket) => void socket.destroy()));
  await waitFor('both', () => worker.heard('beat').at(-1)?.connections === 2);
  worker.send({ ...drain(false), graceMs: 20_000 } as ToWorker);
  const [socket, silent] = sockets;
  const client = connectTls({
    ...{ socket, ciphers: 'PSK', maxVersion: 'TLSv1.2', checkServerIdentity: () => undefined },
    pskCallback: () => ({ psk: Buffer.from('secret'), identity: 'x' }),
  });
  client.setEncoding('utf8').write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  let answer = '';
  client.on('data', (text: string) => (answer += text));
  await once(client, 'end');
  assert.match(answer, /^HTTP\/1\.1 200 .*connection: close.*tls$/is);
  await once(silent!, 'close');
  assert.equal((await worker.exited()).code, 0);
  client.destroy();
});
