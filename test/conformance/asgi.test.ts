import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsPython } from '../helpers/python.ts';
import { type PythonServer, startPython } from '../helpers/python-server.ts';
import { ask, exchange, get, header, readAnswer } from '../helpers/raw-request.ts';
import { StrictConnection, type Target } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

// ASGI 3 over the wire, HTTP and lifespan. WebSockets are in asgi-websocket.test.ts.

type Shown = Record<string, unknown>;

const json = async (target: Target, at: string, headers: readonly string[] = []): Promise<Shown> =>
  JSON.parse((await get(target, at, headers)).body) as Shown;

const checks: Record<string, (target: Target, server: PythonServer) => Promise<void>> = {
  async 'the scope has all that the specification asks for'(target) {
    const scope = await json(target, '/some/p%20ath?a=%20&b', ['X-One: 1', 'X-ONE: 2']);
    const expected = {
      type: 'http',
      method: 'GET',
      http_version: '1.1',
      scheme: 'http',
      path: '/some/p ath',
      raw_path: '/some/p%20ath',
      query_string: 'a=%20&b',
      root_path: '',
    };
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(scope[name], value, name);
    const asgi = scope['asgi'] as Shown;
    assert.equal(asgi['version'], '3.0');
    assert.match(String(asgi['spec_version']), /^2\.\d$/);
    const [host, port] = scope['client'] as [string, number];
    assert.equal(host, '127.0.0.1');
    assert.equal(typeof port, 'number');
    assert.equal((scope['server'] as unknown[]).length, 2);
    const types = scope['types'] as Shown;
    assert.equal(types['raw_path'], 'bytes');
    assert.equal(types['query_string'], 'bytes');
    assert.deepEqual(scope['header types'], ['bytesbytes']);
    const headers = scope['headers'] as [string, string][];
    assert.deepEqual(
      headers.filter(([name]) => name === 'x-one'),
      [
        ['x-one', '1'],
        ['x-one', '2'],
      ],
    );
    assert.ok(headers.some(([name, value]) => name === 'host' && value === 'test'));
  },
  async 'path is decoded UTF-8, raw_path is as it was sent'(target) {
    const paths = {
      '/caf%C3%A9': '/café',
      '/a%2Fb': '/a/b',
      '/a%252Fb': '/a%2Fb',
      '//x//': '//x//',
    };
    for (const [raw, decoded] of Object.entries(paths)) {
      const scope = await json(target, raw);
      assert.equal(scope['path'], decoded);
      assert.equal(scope['raw_path'], raw);
    }
  },
  async 'a trusted proxy sets the scheme'(target) {
    assert.equal((await json(target, '/x', ['X-Forwarded-Proto: https']))['scheme'], 'https');
  },
  async 'HTTP/1.0 is told as it is'(target) {
    const raw = await exchange(target, 'GET /x HTTP/1.0\r\n\r\n');
    const scope = JSON.parse(readAnswer(raw).body) as Shown;
    assert.equal(scope['http_version'], '1.0');
    assert.equal(
      header(await ask(target, 'GET', '/stream', { version: '1.0' }), 'transfer-encoding'),
      undefined,
    );
  },
  async 'bodies of all sizes arrive whole, the empty one in one message'(target) {
    for (const size of [0, 1, 70_000, 5_000_000]) {
      const body = randomBytes(size);
      const answer = await ask(target, 'POST', '/pieces', { body });
      const { total, digest, count } = JSON.parse(answer.body) as Shown;
      assert.equal(total, size);
      assert.equal(digest, createHash('sha256').update(body).digest('hex'));
      if (size === 0) assert.equal(count, 1);
    }
  },
  async 'a chunked body arrives whole'(target) {
    const answer = await ask(target, 'POST', '/echo', {
      headers: ['Transfer-Encoding: chunked'],
      body: '3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n',
    });
    assert.equal(answer.body, 'abcdefg');
  },
  async 'Expect: 100-continue is answered when the app asks for the body'(target) {
    const connection = await StrictConnection.open(target);
    const lines = ['POST /echo HTTP/1.1', 'Host: test', 'Content-Length: 4'];
    connection.write(`${[...lines, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`);
    assert.equal((await connection.answer()).status, 100);
    connection.write('body');
    assert.equal((await connection.answer()).body, 'body');
    connection.close();
  },
  async 'request and answer stream at the same time'(target) {
    const connection = await StrictConnection.open(target);
    connection.write('POST /pipe HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const part of ['one', 'two', 'six']) {
      const before = connection.received;
      connection.write(`3\r\n${part}\r\n`);
      await waitFor(`the echo of ${part}`, () => connection.received >= before + 3);
    }
    connection.write('0\r\n\r\n');
    assert.equal((await connection.answer()).body, 'onetwosix');
    connection.close();
  },
  async 'headers, status and reason'(target) {
    const answer = await get(target, '/headers');
    const cookies = answer.headers.filter(([name]) => /^set-cookie$/i.test(name));
    assert.deepEqual(
      cookies.map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.equal(header(answer, 'x-latin'), 'caf\u00e9');
    assert.equal(header(answer, 'x-empty'), '');
    assert.equal((await get(target, '/status?404')).reason, 'Not Found');
    for (const status of [204, 304]) {
      const bare = await get(target, `/status?${status}`);
      assert.equal(bare.status, status);
      assert.equal(bare.rest, '');
    }
  },
  async 'HEAD has no body'(target) {
    const answer = await ask(target, 'HEAD', '/');
    assert.equal(header(answer, 'content-length'), '5');
    assert.equal(answer.rest, '');
  },
  async 'parts are sent when the app sends them'(target) {
    const answer = await get(target, '/stream');
    assert.equal(answer.chunked, true);
    assert.equal(answer.complete, true);
    assert.match(answer.body, /^(part \d\n){5}$/);
  },
  async 'an event is with the client within 50 ms'(target) {
    const connection = await StrictConnection.open(target);
    const lags: number[] = [];
    connection.write('GET /sse HTTP/1.1\r\nHost: test\r\n\r\n');
    for (let received = 0; lags.length < 5; received = connection.received) {
      await waitFor('an event', () => connection.received > received);
      lags.push(Date.now());
    }
    const sent = [...(await connection.answer()).body.matchAll(/data: ([\d.]+)/g)];
    const late = sent.map(([, time], index) => (lags[index] ?? 0) - Number(time));
    // The poll of waitFor is up to 10 ms of it.
    assert.ok(late.toSorted((a, b) => a - b)[2]! < 50, `late by ${late} ms`);
    connection.close();
  },
  async 'an interim answer comes first'(target) {
    const answer = await get(target, '/inform');
    assert.match(answer.interim[0] ?? '', /^HTTP\/1\.1 103 .*link: <\/style\.css>/is);
    assert.equal(answer.body, 'informed');
  },
  async 'trailers go to clients that take them'(target) {
    const answer = await get(target, '/trailers', ['TE: trailers']);
    assert.equal(answer.body, 'body');
    assert.match(answer.raw, /0\r\nx-sum: 42\r\n\r\n$/i);
    assert.equal((await ask(target, 'GET', '/trailers', { version: '1.0' })).body, 'body');
  },
  async 'an app that does not read the body harms no later request'(target) {
    const body = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3000);
    const answer = await ask(target, 'POST', '/unread', { body });
    assert.equal(answer.body, 'unread');
    assert.equal(answer.rest, '');
  },
  async 'receive() says when the client has left'(target) {
    const leaver = await StrictConnection.open(target);
    leaver.write('GET /disconnect HTTP/1.1\r\nHost: test\r\n\r\n');
    await waitFor('the app', async () => (await json(target, '/seen'))['disconnect'] === 'waits');
    leaver.close();
    await waitFor(
      'the app to know',
      async () => (await json(target, '/seen'))['disconnect'] === 'http.disconnect',
    );
  },
  async 'an app that streams is told as well'(target, server) {
    const leaver = await StrictConnection.open(target);
    leaver.write('GET /disconnect-streaming HTTP/1.1\r\nHost: test\r\n\r\n');
    await waitFor('bytes', () => leaver.received > 0);
    leaver.close();
    await waitFor(
      'the app to know',
      async () => (await json(target, '/seen'))['streaming'] === 'gone',
    );
    assert.doesNotMatch(server.log, /Exception in ASGI.*disconnect-streaming/);
  },
  async 'receive() after the answer says disconnect'(target) {
    const connection = await StrictConnection.open(target);
    assert.equal((await connection.get('/after')).body, 'done');
    await waitFor(
      'the app',
      async () => (await json(target, '/seen'))['after'] === 'http.disconnect',
    );
    connection.close();
  },
  async 'a client that does not read holds its app up, and only that'(target) {
    const connection = await StrictConnection.open(target);
    connection.pause();
    connection.write('GET /big?64 HTTP/1.1\r\nHost: test\r\n\r\n');
    let sent = -1;
    await waitFor('the app to stop', async () => {
      const before = sent;
      sent = Number((await json(target, '/seen'))['sent'] ?? 0);
      await delay(100);
      return sent === before && sent > 0;
    });
    assert.ok(sent < 40 << 20, `${sent} bytes were taken`);
    assert.equal((await get(target, '/')).body, 'hello');
    connection.resume();
    const answer = await connection.answer();
    assert.equal(answer.body.length, 64 << 20);
    connection.close();
  },
  async 'many requests run at the same time'(target) {
    const begun = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => get(target, '/sleep?0.5')));
    assert.ok(performance.now() - begun < 3000);
  },
  async 'state from lifespan is shared, its copy is not'(target) {
    const first = await json(target, '/state');
    const second = await json(target, '/state');
    assert.deepEqual([first['own'], second['own']], [1, 1]);
    assert.equal(Number(second['shared']), Number(first['shared']) + 1);
  },
  async 'an app that fails before its answer is a 500'(target) {
    const paths = [
      'raises',
      'says-nothing',
      'body-first',
      'strange-type',
      'bad-header',
      'bad-name',
    ];
    for (const name of paths) {
      const answer = await get(target, `/${name}`);
      assert.equal(answer.status, 500, name);
      assert.doesNotMatch(answer.raw, /x-split/i);
    }
    assert.equal((await get(target, '/')).body, 'hello');
  },
  async 'an app that fails in its answer cuts it'(target) {
    for (const name of ['raises-later', 'ends-early', 'promises-more']) {
      const answer = await get(target, `/${name}`);
      assert.ok(!answer.complete || answer.status === 500, `${name}: ${answer.raw}`);
    }
    for (const name of ['text-body', 'starts-twice']) {
      const answer = await get(target, `/${name}`);
      assert.ok(!answer.complete || answer.status === 500, name);
    }
    const answer = await get(target, '/sends-more');
    assert.ok(['', 'four'].includes(answer.body));
    assert.equal(answer.rest, '');
    assert.equal((await get(target, '/')).body, 'hello');
  },
  async 'a kept connection carries one request after the other'(target) {
    const connection = await StrictConnection.open(target);
    for (const at of ['/', '/stream', '/status?204', '/headers', '/'])
      assert.ok((await connection.get(at)).status < 300);
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /headers HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await connection.answer()).body, 'hello');
    assert.equal((await connection.answer()).body, 'headers');
    connection.close();
  },
};

for (const loop of ['asyncio', 'uvloop']) {
  const modules = loop === 'uvloop' ? [loop] : [];
  test(`ASGI over HTTP, ${loop}`, { skip: needsPython(...modules) }, async (t) => {
    const ours = ['--asgi-loop', loop];
    const server = await startPython(t, 'asgi', 'asgi_suite:app', { modules, ours });
    for (const [name, check] of Object.entries(checks))
      await t.test(name, () => check(server.target, server));
  });
}

test('lifespan begins before the first request and ends after the last', {
  skip: needsPython(),
}, async (t) => {
  const notes = path.join(makeTempDir(t), 'notes');
  const server = await startPython(t, 'asgi', 'asgi_suite:app', { env: { LIFESPAN_NOTES: notes } });
  assert.deepEqual((await json(server.target, '/seen'))['lifespan'], ['lifespan.startup']);
  process.kill(server.pid, 'SIGTERM');
  await waitFor('the shutdown', () => readFileSync(notes, 'utf8').includes('lifespan.shutdown'));
});

test('an app without lifespan serves', { skip: needsPython() }, async (t) => {
  const { target } = await startPython(t, 'asgi', 'asgi_boot:no_lifespan');
  assert.equal((await get(target, '/')).body, 'no lifespan');
});
