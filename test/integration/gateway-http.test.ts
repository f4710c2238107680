import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FakeRequest } from '../helpers/fake-python-worker.ts';
import { converse, RawHttp } from '../helpers/raw-http.ts';
import { startGateway, type TestGateway } from '../helpers/start-gateway.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';

const close = 'Connection: close\r\n\r\n';

/** A gateway with one lane whose app is given. */
async function serve(
  t: TestContext,
  onRequest: (request: FakeRequest) => void,
  start = {},
): Promise<TestGateway> {
  const gateway = await startGateway(t, { start });
  await gateway.worker({ onRequest });
  return gateway;
}

const answerWith =
  (status: number, fields: string[], body = '') =>
  ({ id, worker }: FakeRequest) =>
    worker.answer(id, body, status, fields);

test('a request reaches a WSGI worker as environ keys, ready to use', async (t) => {
  const gateway = await startGateway(t, { start: { rootPath: '/röot' } });
  const worker = await gateway.worker();
  const client = await StrictConnection.open(gateway.target);
  client.write(
    'POST /caf%C3%A9?q=1 HTTP/1.1\r\nHost: example.org\r\nAccept: a\r\naccept: b\r\nCookie: a=1\r\n' +
      'Cookie: b=2\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nProxy: evil\r\n' +
      'X_Forwarded_For: 6.6.6.6\r\nX-Bytes: \x80\xff\r\nX-Empty:\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  );
  assert.equal((await client.answer()).body, 'hello');
  const request = await worker.request();
  const [method, target, version, scheme, host, port, server, , root] = request.fields;
  assert.deepEqual(
    [method, target, version, scheme, host],
    ['POST', '/caf%C3%A9?q=1', '1.1', 'http', '127.0.0.1'],
  );
  assert.match(String(port), /^\d+$/);
  assert.equal(server, '127.0.0.1');
  assert.equal(request.fields[7], String(gateway.port));
  assert.equal(root, Buffer.from('/röot').toString('latin1'));
  assert.deepEqual(Object.fromEntries(request.headers), {
    HTTP_HOST: 'example.org',
    HTTP_ACCEPT: 'a,b',
    HTTP_COOKIE: 'a=1; b=2',
    CONTENT_TYPE: 'text/plain',
    CONTENT_LENGTH: '5',
    HTTP_X_BYTES: '\x80\xff',
    HTTP_X_EMPTY: '',
  });
  assert.equal(String(request.body), 'abcde');
  client.close();
});

test('the absolute form is reduced, and its host comes before the field', async (t) => {
  const gateway = await startGateway(t);
  const worker = await gateway.worker();
  for (const [asked, target, host] of [
    ['http://user:pw@one.example/path?q', '/path?q', 'one.example'],
    ['https://two.example:81', '/', 'two.example:81'],
    ['http://three.example?q', '/?q', 'three.example'],
    ['*', '*', 'field'],
  ]) {
    await converse(t, gateway.target, `OPTIONS ${asked} HTTP/1.1\r\nHost: field\r\n${close}`);
    const request = worker.requests.at(-1);
    assert.deepEqual([request?.target, request?.headers.get('HTTP_HOST')], [target, host]);
  }
});

for (const [what, head, status] of [
  ['no HTTP at all', '\x16\x03\x01\x02\r\n\r\n', 400],
  ['HTTP/1.1 without Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two Host fields', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    400,
  ],
  ['a signed length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc', 400],
  [
    'chunks in HTTP/1.0',
    'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'an unknown coding',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    501,
  ],
  [
    'a coding hidden behind another',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n', 400],
  ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n', 400],
  ['a NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', 400],
  ['a NUL in the target', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['a target that is no path', 'GET ftp://x/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  [
    'a bad chunk size',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n',
    400,
  ],
  ['a long line', `GET /${'a'.repeat(5000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ['a long field', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(9000)}\r\n\r\n`, 431],
  ['many fields', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(101)}\r\n`, 431],
  ['a request to be a tunnel', 'CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n', 405],
] as const) {
  test(`${what} is answered with ${status}, and no worker sees it`, async (t) => {
    const gateway = await startGateway(t);
    const worker = await gateway.worker();
    const client = new RawHttp(t, gateway.target).write(head);
    assert.match(await client.until(/\r\n\r\n/), new RegExp(`^HTTP/1\\.1 ${status} `));
    client.socket.end();
    assert.deepEqual(
      worker.requests.filter(({ complete }) => complete),
      [],
    );
    assert.equal((await fetchOnce(gateway.target)).body, 'hello');
  });
}

test('a folder of answers: methods and statuses without a body', async (t) => {
  const gateway = await serve(t, (request) => {
    const { id, worker, target } = request;
    if (target === '/204') worker.answer(id, 'nothing', 204, ['Content-Length', '7', 'X-A', '1']);
    else if (target === '/304') worker.head(id, 304, ['Content-Length', '7', 'ETag', '"x"'], true);
    else worker.answer(id, 'content', 200, ['Content-Length', '7']);
  });
  const client = new RawHttp(t, gateway.target);
  client.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /204 HTTP/1.1\r\nHost: x\r\n\r\n');
  client.write(`GET /304 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n${close}`);
  const answers = (await client.untilEnd()).split(/(?=HTTP\/1\.1 )/);
  assert.equal(answers.length, 4);
  const [head = '', none = '', same = '', whole = ''] = answers;
  assert.match(head, /^HTTP\/1\.1 200 .*content-length: 7\r\n.*\r\n\r\n$/is);
  assert.match(none, /^HTTP\/1\.1 204 .*x-a: 1\r\n.*\r\n\r\n$/is);
  assert.doesNotMatch(none, /content-length|transfer-encoding/i);
  assert.match(same, /^HTTP\/1\.1 304 .*content-length: 7\r\n.*\r\n\r\n$/is);
  assert.match(whole, /\r\n\r\ncontent$/);
});

test('HTTP/1.0 clients get no chunks, no early hints and no keep-alive they did not ask for', async (t) => {
  const gateway = await serve(t, ({ id, worker, target }) => {
    worker.send(8, id, ['Link', '</a>'].join('\0'), 0, 103);
    worker.head(id, 200, []);
    if (target === '/stream') {
      worker.data(id, 'one ');
      setImmediate(() => worker.data(id, 'two', true));
    } else worker.data(id, 'whole', true);
  });
  const whole = await converse(t, gateway.target, 'GET / HTTP/1.0\r\n\r\n');
  assert.match(
    whole,
    /^HTTP\/1\.1 200 OK\r\n.*content-length: 5\r\n.*connection: close\r\n.*\r\nwhole$/is,
  );
  const streamed = await converse(t, gateway.target, 'GET /stream HTTP/1.0\r\n\r\n');
  assert.match(streamed, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\none two$/is);
  assert.doesNotMatch(streamed, /transfer-encoding|103/i);
});

test('early hints come before the answer, and bad ones are left out', async (t) => {
  const gateway = await serve(t, ({ id, worker }) => {
    worker.send(
      8,
      id,
      ['Link', '</a.css>; rel=preload', 'X-Bad', 'a\r\nb', 'Content-Length', '9'].join('\0'),
      0,
      103,
    );
    worker.answer(id, 'page');
  });
  const text = await converse(t, gateway.target, `GET / HTTP/1.1\r\nHost: x\r\n${close}`);
  assert.match(
    text,
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
  );
});

test('trailers go to clients that take them', async (t) => {
  const gateway = await serve(t, ({ id, worker }) => {
    worker.head(id, 200, []);
    worker.data(id, 'body');
    worker.send(7, id, ['X-Sum', '42', 'Transfer-Encoding', 'x'].join('\0'), 1);
  });
  const ask = (te: string) =>
    converse(t, gateway.target, `GET / HTTP/1.1\r\nHost: x\r\n${te}${close}`);
  assert.match(await ask('TE: trailers\r\n'), /\r\n0\r\nX-Sum: 42\r\n\r\n$/);
  assert.match(await ask(''), /\r\nbody\r\n0\r\n\r\n$/);
});

test('Date and Server are there once, framing is ours, and hop-by-hop fields stop here', async (t) => {
  const gateway = await serve(
    t,
    answerWith(
      200,
      [
        'Transfer-Encoding',
        'chunked',
        'Keep-Alive',
        'x',
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'content-length',
        '4',
        'Content-Length',
        '4',
      ],
      'body',
    ),
  );
  const text = await converse(t, gateway.target, `GET / HTTP/1.1\r\nHost: x\r\n${close}`);
  assert.equal(text.match(/^date: /gim)?.length, 1);
  assert.equal(text.match(/^server: tsgun\r$/gim)?.length, 1);
  assert.equal(text.match(/^content-length: 4\r$/gim)?.length, 1);
  assert.equal(text.match(/^set-cookie: [ab]=[12]\r$/gim)?.length, 2);
  assert.doesNotMatch(text, /^(transfer-encoding|keep-alive):/im);
});

test('the app may say its own Server and Date, and ask for the end of the connection', async (t) => {
  const gateway = await serve(
    t,
    answerWith(200, ['Server', 'mine', 'Date', 'now', 'Connection', 'close'], 'x'),
  );
  const text = await converse(t, gateway.target, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(text, /^server: mine\r$/im);
  assert.match(text, /^date: now\r$/im);
  assert.doesNotMatch(text, /tsgun/);
});

for (const [what, status, fields] of [
  ['a line feed in a value', 200, ['X-A', 'b\nSet-Cookie: evil=1']],
  ['a carriage return in a value', 200, ['X-A', 'b\rc']],
  ['a space in a name', 200, ['X A', 'b']],
  ['a colon in a name', 200, ['X:', 'b']],
  ['an empty name', 200, ['', 'b']],
  ['a length that is no number', 200, ['Content-Length', 'five']],
  ['a negative length', 200, ['Content-Length', '-5']],
  ['two lengths', 200, ['Content-Length', '5', 'Content-Length', '6']],
  ['a status below 200', 150, []],
  ['a status above 999', 1000, []],
] as const) {
  test(`an app that answers with ${what} gets a 500 and a line in the log`, async (t) => {
    const gateway = await serve(t, ({ id, worker, target }) =>
      target === '/good' ? worker.answer(id, 'good') : worker.answer(id, 'hello', status, fields),
    );
    const client = await StrictConnection.open(gateway.target);
    const answer = await client.get('/bad?secret');
    assert.equal(answer.status, 500);
    assert.equal(answer.headers.has('set-cookie'), false);
    assert.match(await gateway.logged(/The answer to GET \/bad is wrong/), /worker pid:\d+/);
    assert.equal((await client.get('/good')).body, 'good', 'only that request is harmed');
    client.close();
  });
}

test('a body that is longer than promised is cut to size', async (t) => {
  const gateway = await serve(t, ({ id, worker, target }) => {
    worker.head(id, 200, ['Content-Length', '5']);
    if (target === '/pieces') {
      worker.data(id, 'hel');
      setImmediate(() => worker.data(id, 'lo and more', true));
    } else worker.data(id, 'hello and more', true);
  });
  const client = await StrictConnection.open(gateway.target);
  assert.equal((await client.get('/whole')).body, 'hello');
  assert.equal((await client.get('/pieces')).body, 'hello');
  assert.equal((await client.get('/whole')).body, 'hello');
  await gateway.logged(/longer than its Content-Length/);
  client.close();
});

test('a body that is shorter than promised is a 500, or cut when it has begun', async (t) => {
  const gateway = await serve(t, ({ id, worker, target }) => {
    worker.head(id, 200, ['Content-Length', '9']);
    if (target === '/pieces') {
      worker.data(id, 'half');
      setTimeout(() => worker.data(id, '', true), 20);
    } else worker.data(id, 'half', true);
  });
  assert.equal((await fetchOnce(gateway.target, '/whole')).status, 500);
  await assert.rejects(fetchOnce(gateway.target, '/pieces'), /the connection ended|ECONNRESET/);
  await gateway.logged(/shorter than its Content-Length/);
});

test('who expects to be told gets 100 Continue when the body is wanted, and only then', async (t) => {
  const gateway = await startGateway(t, { start: { maxBodyBytes: 10 } });
  const worker = await gateway.worker();
  const head = (length: number) =>
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n${close}`;
  const polite = new RawHttp(t, gateway.target).write(head(2));
  await polite.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  polite.write('ab');
  assert.match(await polite.untilEnd(), /HTTP\/1\.1 200 OK\r\n.*hello$/s);
  const refused = await converse(t, gateway.target, head(11));
  assert.match(refused, /^HTTP\/1\.1 413 /);
  assert.equal(worker.requests.length, 1);
  assert.match(
    await converse(t, gateway.target, `GET / HTTP/1.1\r\nHost: x\r\nExpect: gold\r\n${close}`),
    /^HTTP\/1\.1 417 /,
  );
});

test('a body over the limit is refused, announced or not, and the client hears of it', async (t) => {
  const gateway = await startGateway(t, { start: { maxBodyBytes: 1000 } });
  const worker = await gateway.worker();
  const big = 'x'.repeat(200_000);
  for (const head of [
    `Content-Length: ${big.length}\r\n\r\n${big}`,
    `Transfer-Encoding: chunked\r\n\r\n${big.length.toString(16)}\r\n${big}\r\n0\r\n\r\n`,
  ]) {
    const text = await converse(t, gateway.target, `POST / HTTP/1.1\r\nHost: x\r\n${head}`);
    assert.match(text, /^HTTP\/1\.1 413 .*connection: close.*413 Payload Too Large\n$/is);
  }
  assert.equal(worker.requests.length, 0);
});

test('pipelined requests are answered in order, one at a time', async (t) => {
  const gateway = await startGateway(t);
  const order: string[] = [];
  for (const slot of [0, 1]) {
    await gateway.worker({
      hello: { slot },
      onRequest: ({ id, worker, target }) => {
        order.push(`begin ${target}`);
        setTimeout(
          () => {
            order.push(`end ${target}`);
            worker.answer(id, target);
          },
          target === '/0' ? 50 : 1,
        );
      },
    });
  }
  const requests = [0, 1, 2, 3, 4].map(
    (n) => `GET /${n} HTTP/1.1\r\nHost: x\r\n${n === 4 ? close : '\r\n'}`,
  );
  const text = await converse(t, gateway.target, requests.join(''));
  assert.deepEqual(text.match(/\/\d(?=HTTP|$)/g), ['/0', '/1', '/2', '/3', '/4']);
  assert.deepEqual(order.slice(0, 4), ['begin /0', 'end /0', 'begin /1', 'end /1']);
});

test('only trusted proxies say what the scheme is, and they must not contradict each other', async (t) => {
  const trusting = await startGateway(t);
  const wary = await startGateway(t, { start: { forwardedAllowIps: ['10.0.0.0/8'] } });
  const scheme = async (gateway: TestGateway, fields: string) => {
    const worker = await gateway.worker();
    const { status } = await fetchOnce(gateway.target, '/', fields);
    worker.die();
    return status === 200 ? worker.requests[0]?.fields[3] : status;
  };
  const https = 'X-Forwarded-Proto: https\r\n';
  assert.equal(await scheme(trusting, https), 'https');
  assert.equal(await scheme(trusting, 'X-Forwarded-SSL: on\r\n'), 'https');
  assert.equal(await scheme(trusting, 'X-Forwarded-Proto: http\r\n'), 'http');
  assert.equal(await scheme(trusting, `${https}X-Forwarded-SSL: off\r\n`), 400);
  assert.equal(await scheme(trusting, `${https}x-forwarded-proto: http\r\n`), 400);
  assert.equal(await scheme(trusting, 'X_Forwarded_Proto: https\r\n'), 'http');
  assert.equal(await scheme(wary, https), 'http');
  const worker = await trusting.worker();
  await fetchOnce(trusting.target, '/', 'X-Forwarded-For: 6.6.6.6\r\n');
  assert.equal(worker.requests[0]?.fields[4], '127.0.0.1');
});

test('a WSGI app is not upgraded: the request is one as any other', async (t) => {
  const gateway = await startGateway(t);
  await gateway.worker();
  const upgrade =
    'Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
  const text = await converse(
    t,
    gateway.target,
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: close, upgrade\r\n${upgrade}\r\n`,
  );
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
});
