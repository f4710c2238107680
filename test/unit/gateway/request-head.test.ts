import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { BadRequest } from '../../../src/gateway/bad-request.ts';
import { ForwardedPolicy } from '../../../src/gateway/forwarded.ts';
import { encodeEnviron, encodeScope, readHead } from '../../../src/gateway/request-head.ts';
import type { GatewayStart } from '../../../src/protocol/gateway.ts';

const usual: GatewayStart['forwarded'] = {
  allowIps: ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'],
  secureSchemeHeaders: { 'X-FORWARDED-PROTO': 'https', 'X-FORWARDED-SSL': 'on' },
  forwarderHeaders: ['SCRIPT_NAME', 'PATH_INFO'],
  headerMap: 'drop',
};

interface Asked {
  url?: string;
  method?: string;
  version?: string;
  headers?: string[];
  /** Of the client; none through a Unix socket. */
  from?: string | null;
  policy?: Partial<GatewayStart['forwarded']>;
}

function ask({ url = '/', method = 'GET', version = '1.1', headers = [], from, policy }: Asked) {
  const socket =
    from === null
      ? {}
      : {
          remoteAddress: from ?? '127.0.0.1',
          remotePort: 50_000,
          localAddress: '::ffff:192.0.2.1',
          localPort: 8000,
        };
  const req = { url, method, httpVersion: version, rawHeaders: headers, socket };
  return readHead(req as unknown as IncomingMessage, new ForwardedPolicy({ ...usual, ...policy }));
}

const environ = (asked: Asked, bytes: number | null = null): Record<string, string> => {
  const parts = encodeEnviron(ask(asked), bytes).split('\n');
  const names = parts.filter((_, index) => index % 2 === 0);
  assert.deepEqual(names, [...new Set(names)]);
  return Object.fromEntries(names.map((name, index) => [name, parts[index * 2 + 1] ?? '']));
};

const refused = (status: number) => (error: unknown) =>
  error instanceof BadRequest && error.status === status;

for (const [method, url, path, query] of [
  ['GET', '/a%20b?x=1?y', '/a%20b', 'x=1?y'],
  ['GET', '/a#b?c', '/a', ''],
  ['GET', '/a?b#c', '/a', 'b'],
  ['GET', '//a//b', '//a//b', ''],
  ['GET', 'http://other/a?b', '/a', 'b'],
  ['GET', 'HTTPS://user@other:8000', '/', ''],
  ['GET', 'http://other?b', '/', 'b'],
  ['OPTIONS', '*', '*', ''],
] as const) {
  test(`the target "${url}" is the path "${path}" and the query "${query}"`, () => {
    const head = ask({ method, url });
    assert.deepEqual([head.path, head.query, head.target], [path, query, url]);
  });
}

for (const url of ['a', '*', 'ftp://other/a', 'http:///a', 'http://'])
  test(`the target "${url}" is refused`, () => assert.throws(() => ask({ url }), refused(400)));

for (const [from, trusted] of [
  ['127.0.0.1', true],
  ['::ffff:127.0.0.1', true],
  ['::FFFF:10.1.2.3', true],
  ['10.255.0.1', true],
  ['11.0.0.1', false],
  ['127.0.0.2', false],
  ['::1', false],
  ['2001:db8:1::1', true],
  ['2001:db9::1', false],
  [null, true],
] as const) {
  test(`a client at ${from} is ${trusted ? '' : 'not '}believed`, () => {
    const { scheme, client } = ask({ from, headers: ['X-Forwarded-Proto', 'https'] });
    assert.deepEqual([scheme, client.trusted], [trusted ? 'https' : 'http', trusted]);
  });
}

test('everybody is believed with *, and nobody with an empty list', () => {
  const headers = ['X-Forwarded-Ssl', 'on'];
  assert.equal(ask({ headers, from: '8.8.8.8', policy: { allowIps: ['*'] } }).scheme, 'https');
  assert.equal(ask({ headers, policy: { allowIps: [] } }).scheme, 'http');
});

test('headers that disagree about the scheme are refused, and other values mean http', () => {
  const disagree = ['X-Forwarded-Proto', 'https', 'X-Forwarded-Ssl', 'off'];
  assert.throws(() => ask({ headers: disagree }), refused(400));
  assert.equal(ask({ headers: disagree, from: '8.8.8.8' }).scheme, 'http');
  assert.equal(ask({ headers: ['X-Forwarded-Proto', 'HTTPS'] }).scheme, 'http');
});

test('a name with an underscore is dropped, refused or passed on, as header_map says', () => {
  const headers = ['X_Real', '1', 'X-Other', '2'];
  assert.deepEqual(ask({ headers }).fields, ['X-Other', '2']);
  assert.throws(() => ask({ headers, policy: { headerMap: 'refuse' } }), refused(400));
  assert.deepEqual(ask({ headers, policy: { headerMap: 'dangerous' } }).fields, headers);
});

test('an underscore never changes how a body is framed', () => {
  const policy = { headerMap: 'dangerous' } as const;
  const headers = ['Content-Length', '5', 'Content_Length', '0', 'Transfer_Encoding', 'chunked'];
  assert.equal(ask({ headers, policy }).bodyBytes, 5);
  assert.equal(environ({ headers, policy }, 5)['CONTENT_LENGTH'], '5');
});

test('SCRIPT_NAME of a believed proxy mounts the app, and must fit the path', () => {
  const headers = ['SCRIPT_NAME', '/app'];
  const mounted = environ({ headers, url: '/app/x?y' });
  assert.deepEqual(
    [mounted['SCRIPT_NAME'], mounted['PATH_INFO'], mounted['RAW_URI']],
    ['/app', '/x', '/app/x?y'],
  );
  assert.equal(mounted['HTTP_SCRIPT_NAME'], undefined);
  assert.throws(() => ask({ headers, url: '/other' }), refused(500));
  const unknown = environ({ headers, url: '/app/x', from: '8.8.8.8' });
  assert.deepEqual([unknown['SCRIPT_NAME'], unknown['PATH_INFO']], [undefined, '/app/x']);
});

test('fields that come twice are joined in an environ, and stay apart in a scope', () => {
  const headers = ['Accept', 'a', 'Cookie', 'x=1', 'ACCEPT', 'b', 'cookie', 'y=2'];
  const { HTTP_ACCEPT, HTTP_COOKIE } = environ({ headers });
  assert.deepEqual([HTTP_ACCEPT, HTTP_COOKIE], ['a,b', 'x=1; y=2']);
  assert.deepEqual(encodeScope(ask({ headers })).split('\n').slice(8), [
    ...['accept', 'a', 'cookie', 'x=1', 'accept', 'b', 'cookie', 'y=2'],
  ]);
});

for (const name of ['Host', 'Content-Type'])
  test(`two fields ${name} are refused`, () => {
    const headers = [name, 'a', name.toLowerCase(), 'b'];
    assert.throws(() => ask({ headers }), refused(400));
  });

test('the length of a body is what was said, unknown for chunks, and 0 without one', () => {
  assert.equal(ask({}).bodyBytes, 0);
  assert.equal(ask({ headers: ['content-length', '12'] }).bodyBytes, 12);
  const chunked = ['Transfer-Encoding', 'chunked'];
  assert.equal(ask({ headers: chunked }).bodyBytes, null);
  assert.equal(environ({ headers: chunked }, 3)['CONTENT_LENGTH'], '3');
  assert.equal(environ({ headers: chunked }, 3)['HTTP_TRANSFER_ENCODING'], undefined);
});

test('who speaks another version is refused, and chunks with 1.0', () => {
  for (const version of ['0.9', '2.0']) assert.throws(() => ask({ version }), refused(505));
  assert.equal(ask({ version: '1.0' }).version, '1.0');
  const headers = ['Transfer-Encoding', 'chunked'];
  assert.throws(() => ask({ version: '1.0', headers }), refused(400));
});

test('an environ tells both ends of the connection, in IPv4 when it is', () => {
  const { REMOTE_ADDR, REMOTE_PORT, SERVER_NAME, SERVER_PORT } = environ({
    from: '::ffff:127.0.0.1',
  });
  assert.deepEqual(
    [REMOTE_ADDR, REMOTE_PORT, SERVER_NAME, SERVER_PORT],
    ['127.0.0.1', '50000', '192.0.2.1', '8000'],
  );
});

for (const [host, name, port] of [
  ['example.org', 'example.org', '80'],
  ['example.org:81', 'example.org', '81'],
  ['[::1]:81', '[::1]', '81'],
  ['', 'localhost', '80'],
  ['a:b:c', 'localhost', '80'],
] as const)
  test(`behind a Unix socket the server of Host "${host}" is ${name} at ${port}`, () => {
    const { SERVER_NAME, SERVER_PORT, REMOTE_ADDR } = environ({
      from: null,
      headers: ['Host', host],
    });
    assert.deepEqual([SERVER_NAME, SERVER_PORT, REMOTE_ADDR], [name, port, '']);
  });
