import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsPython } from '../helpers/python.ts';
import { startPython } from '../helpers/python-server.ts';
import { exchange, get, header, readAnswer } from '../helpers/raw-request.ts';
import type { Target } from '../helpers/strict-client.ts';

// What must not get through to an app: requests that two parsers could read in two ways.

const refused: Record<string, string> = {
  'two lengths that differ':
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde',
  'length and chunks':
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a negative length': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
  'a length with a sign': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd',
  'a length with an underscore': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nabcd',
  'a list of lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd',
  'an unknown transfer coding': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: magic\r\n\r\n',
  'chunked that is not last':
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n',
  'chunked by another name':
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'a chunk size that is none':
    'POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n',
  'a chunk that is longer than it says':
    'POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n',
  'a space before the colon': 'GET / HTTP/1.1\r\nHost: a\r\nX-A : 1\r\n\r\n',
  'a folded line': 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\n\r\n',
  'an empty name': 'GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n',
  'a NUL in a value': 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\u00002\r\n\r\n',
  'a bare CR in a value': 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r2\r\n\r\n',
  'no Host in 1.1': 'GET / HTTP/1.1\r\n\r\n',
  'two hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'a target without a slash': 'GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n',
  'a space in the target': 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/2.0 in a request line': 'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
  'no HTTP at all': '\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n',
};

async function closesWithout(target: Target, request: string): Promise<string> {
  // What follows would be a request of its own if the first one were read wrongly.
  const raw = await exchange(target, `${request}GET /evil HTTP/1.1\r\nHost: a\r\n\r\n`, 4000);
  assert.doesNotMatch(raw, /evil/);
  return raw;
}

for (const [kind, app] of [
  ['sync', 'wsgi_suite:app'],
  ['asgi', 'asgi_suite:app'],
] as const) {
  test(`requests that could be read in two ways, ${kind}`, { skip: needsPython() }, async (t) => {
    const { target } = await startPython(t, kind, app);
    for (const [name, request] of Object.entries(refused)) {
      await t.test(name, async () => {
        const raw = await closesWithout(target, request);
        if (raw === '') return;
        const { status } = readAnswer(raw);
        assert.ok(status >= 400 && status <= 505, raw);
      });
    }
    await t.test('limits have their own answers', async () => {
      const line = await get(target, `/${'x'.repeat(5000)}`);
      assert.ok([400, 414].includes(line.status), line.raw);
      const fields = Array.from({ length: 150 }, (_, index) => `X-${index}: 1`);
      assert.equal((await get(target, '/', fields)).status, 431);
      assert.equal((await get(target, '/', [`X-Long: ${'x'.repeat(9000)}`])).status, 431);
    });
    await t.test('an expectation that nobody knows is a 417', async () => {
      assert.equal((await get(target, '/', ['Expect: miracles'])).status, 417);
    });
    await t.test('contradicting schemes are a 400', async () => {
      const answer = await get(target, '/x', ['X-Forwarded-Proto: https', 'X-Forwarded-Ssl: off']);
      assert.equal(answer.status, 400);
    });
    await t.test('there is one Date and no more than one Server', async () => {
      const { headers } = await get(target, '/');
      assert.equal(headers.filter(([name]) => /^date$/i.test(name)).length, 1);
      assert.ok(headers.filter(([name]) => /^server$/i.test(name)).length <= 1);
    });
    await t.test('the connection is kept or closed as the client asks', async () => {
      const closing = await get(target, '/');
      assert.match(header(closing, 'connection') ?? '', /close/i);
      const old = await exchange(target, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n');
      assert.match(old, /hello$/);
      const kept = 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n';
      const twice = await exchange(target, kept + kept, 800);
      assert.ok((twice.match(/hello/g)?.length ?? 0) >= 1);
    });
  });
}
