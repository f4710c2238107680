import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { isAlive, titleOf } from '../helpers/processes.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

test('worker_connections leaves the rest in the queue until there is room', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hi') });
  const args = ['--worker-connections', '3', '--keepalive', '60', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd });
  const target = { port: tsgun.port };
  for (let round = 0; round < 3; round += 1) {
    const first = await Promise.all([1, 2, 3].map(() => StrictConnection.open(target)));
    for (const connection of first) assert.equal((await connection.get()).body, 'hi');
    const fourth = await StrictConnection.open(target);
    const answer = fourth.get();
    for (const connection of first) assert.equal((await connection.get()).body, 'hi');
    assert.equal(fourth.received, 0, 'nobody has accepted it');
    first[0]?.close();
    assert.equal((await answer).body, 'hi');
    for (const connection of [...first, fourth]) connection.close();
  }
  assert.equal(await tsgun.stop(), 0);
});

test('what waits while a worker is full is answered by a stop', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hi') });
  const args = ['--worker-connections', '2', '--keepalive', '60', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd });
  const target = { port: tsgun.port };
  const taken = await Promise.all([1, 2].map(() => StrictConnection.open(target)));
  for (const connection of taken) assert.equal((await connection.get()).body, 'hi');
  const waiting = await Promise.all([1, 2, 3].map(() => StrictConnection.open(target)));
  const answers = waiting.map((connection) => connection.get());
  assert.equal(await tsgun.stop(), 0);
  for (const answer of answers) assert.equal((await answer).body, 'hi');
  for (const connection of [...taken, ...waiting]) connection.close();
});

const limits: Record<string, { args: string[]; request: string; status: number }> = {
  'a request line beyond limit_request_line': {
    args: ['--limit-request-line', '100'],
    request: `GET /${'a'.repeat(90)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    status: 414,
  },
  'more fields than limit_request_fields': {
    args: ['--limit-request-fields', '3'],
    request: 'GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n',
    status: 431,
  },
  'a field beyond limit_request_field_size': {
    args: ['--limit-request-field-size', '50'],
    request: `GET / HTTP/1.1\r\nHost: x\r\nLong: ${'a'.repeat(50)}\r\n\r\n`,
    status: 431,
  },
  'a head that is longer than all limits together': {
    args: ['--limit-request-fields', '3', '--limit-request-field-size', '50'],
    request: `GET / HTTP/1.1\r\nHost: x\r\nLong: ${'a'.repeat(50_000)}\r\n\r\n`,
    status: 431,
  },
};

for (const [what, { args, request, status }] of Object.entries(limits)) {
  test(`${what} is refused with ${status}, and the app does not see it`, async (t) => {
    const cwd = writeFiles(makeTempDir(t), {
      'app.js': 'let seen = 0; export default (req, res) => { seen += 1; res.end(String(seen)); };',
    });
    const tsgun = await startTsgun(t, [...args, 'app.js'], { cwd });
    const client = await StrictConnection.open({ port: tsgun.port });
    client.write(request);
    const answer = await client.answer();
    assert.equal(answer.status, status);
    client.close();
    assert.equal((await fetchOnce({ port: tsgun.port })).body, '1');
  });
}

test('a request that is under way when a worker retires is answered, and told to be the last', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['--keepalive', '60', 'app.js'], { cwd });
  const [old] = tsgun.workers();
  const idle = await StrictConnection.open({ port: tsgun.port });
  const half = await StrictConnection.open({ port: tsgun.port });
  assert.equal((await idle.get()).headers.get('connection'), 'keep-alive');
  half.write('GET / HTTP/1.1\r\nHo');
  tsgun.signal('SIGHUP');
  await waitFor('the drain', () => / draining$/.test(titleOf(Number(old))));
  half.write('st: x\r\n\r\n');
  for (const { body, headers } of [await half.answer(), await idle.get()]) {
    assert.equal(body, String(old));
    assert.equal(headers.get('connection'), 'close');
  }
  await waitFor('the old worker to leave', () => !isAlive(Number(old)));
  for (const connection of [idle, half]) connection.close();
});

const polite = `
  import { createServer } from 'node:http';
  const server = createServer((req, res) => setTimeout(() => res.end(String(process.pid)), 20));
  server.listen(3000);
  process.on('SIGTERM', () => server.close(() => {
    console.log('the last connection is gone');
    process.exit(0);
  }));
`;

test('an app that closes its server on TERM is replaced, and loses no request', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.mjs': polite });
  const tsgun = await startTsgun(t, ['app.mjs'], { cwd });
  const target = { port: tsgun.port };
  const loads = [true, false].map((keepAlive) => hammer(t, { target, connections: 4, keepAlive }));
  const [old] = tsgun.workers();
  await waitFor('load', () => loads.every((load) => load.answered > 20));
  process.kill(Number(old), 'SIGTERM');
  await tsgun.waitForLog(/the last connection is gone/);
  await waitFor('the worker to leave', () => !isAlive(Number(old)));
  const before = loads.map((load) => load.answered);
  await waitFor('load', () => loads.every((load, index) => load.answered > before[index]! + 20));
  await Promise.all(loads.map((load) => load.stop()));
  assert.deepEqual(
    loads.flatMap((load) => load.failures),
    [],
  );
  assert.equal(await tsgun.stop(), 0);
});

test('a TERM to the whole group stops such an app without a lost connection', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.mjs': polite });
  for (let round = 0; round < 3; round += 1) {
    const tsgun = await startTsgun(t, ['-w', '2', 'app.mjs'], { cwd });
    const target = { port: tsgun.port };
    const load = hammer(t, { target, connections: 8, keepAlive: false });
    await waitFor('load', () => load.answered > 50);
    for (const pid of [...tsgun.workers(), tsgun.pid]) process.kill(pid, 'SIGTERM');
    assert.equal((await tsgun.exited).code, 0);
    await load.stop();
    const lost = load.failures.filter((failure) => !/connect: .*ECONNREFUSED/.test(failure));
    assert.deepEqual(lost, []);
  }
});

test('an exported app that listens later moves to its own server', async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.mjs': `
      import { createServer } from 'node:http';
      export const app = (req, res) => res.end('exported');
      setTimeout(() => createServer((req, res) => res.end('listening')).listen(3000), 100);
    `,
  });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.mjs'], { cwd });
  await tsgun.waitForLog(/called listen\(3000\)/, 2);
  for (let count = 0; count < 5; count += 1) {
    assert.equal((await fetchOnce({ port: tsgun.port })).body, 'listening');
  }
  assert.equal(await tsgun.stop(), 0);
});

test('a second listen on a port that is served already is content with that', async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.mjs': `
      import { createServer } from 'node:http';
      import { once } from 'node:events';
      const first = createServer((req, res) => res.end('first')).listen(3000);
      await once(first, 'listening');
      const { port } = first.address();
      const second = createServer().listen({ host: '::1', port });
      await once(second, 'listening');
      console.log('both listen');
    `,
  });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.mjs'], { cwd });
  await tsgun.waitForLog(/both listen/, 2);
  await assert.rejects(fetchOnce({ host: '::1', port: tsgun.port }), /ECONNREFUSED/);
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'first');
});

test('answers that a client abandoned in its queue are forgotten', async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.js': `
      let count = 0;
      export default (req, res) => {
        if (req.url === '/slow') return void (count += 1);
        res.end(count + ' ' + globalThis[Symbol.for('tsgun.autopsy')]().length);
      };
    `,
  });
  const tsgun = await startTsgun(t, ['app.js'], { cwd });
  const client = await StrictConnection.open({ port: tsgun.port });
  client.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5));
  const look = async () => (await fetchOnce({ port: tsgun.port })).body;
  await waitFor('the requests to be in flight', async () => (await look()) === '5 6');
  client.close();
  await waitFor('them to be forgotten', async () => (await look()) === '5 1');
});

test('a client that resets its connection is no business of others', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('hi') });
  const tsgun = await startTsgun(t, ['app.js'], { cwd });
  for (let count = 0; count < 50; count += 1) {
    const socket = connect(tsgun.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.resetAndDestroy();
  }
  assert.equal((await fetchOnce({ port: tsgun.port })).body, 'hi');
  assert.doesNotMatch(tsgun.log, /ERROR/);
  assert.equal(await tsgun.stop(), 0);
});

test('an HTTP/2 session finishes its streams when its worker leaves', async (t) => {
  const cwd = writeFiles(makeTempDir(t), {
    'app.mjs': `
      import { createServer } from 'node:http2';
      export default createServer((req, res) => {
        res.writeHead(200).write('h');
        setTimeout(() => res.end('2'), 200);
      });
    `,
  });
  const tsgun = await startTsgun(t, ['app.mjs'], { cwd });
  const session = connectHttp2(`http://127.0.0.1:${tsgun.port}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/' }).setEncoding('utf8');
  let body = '';
  stream.on('data', (text: string) => (body += text));
  // One that comes just after the goodbye would be refused, which tells the client to ask again.
  await once(stream, 'response');
  const ended = once(stream, 'end');
  const begun = performance.now();
  assert.equal(await tsgun.stop(), 0);
  assert.ok(performance.now() - begun < 3000);
  await ended;
  assert.equal(body, 'h2');
});
