import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { needsPython } from '../helpers/python.ts';
import { modulesOf, startPython, wsgiClasses } from '../helpers/python-server.ts';
import { ask, exchange, get, header, readAnswer } from '../helpers/raw-request.ts';
import { StrictConnection, type Target } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';

// PEP 3333 over the wire, with wsgiref.validate around the app: a server that breaks the rules
// towards the app gets an AssertionError there and answers 500 here.

type Environ = Record<string, unknown>;

async function environOf(
  target: Target,
  path: string,
  headers: readonly string[] = [],
): Promise<Environ> {
  const answer = await get(target, path, headers);
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body) as Environ;
}

const checks: Record<string, (target: Target, t: TestContext) => Promise<void>> = {
  async 'the environ has all that PEP 3333 asks for'(target) {
    const environ = await environOf(target, '/some/path?a=1&b=%20', ['User-Agent: me', 'X-One: 1']);
    const expected = {
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/some/path',
      QUERY_STRING: 'a=1&b=%20',
      SERVER_PROTOCOL: 'HTTP/1.1',
      HTTP_HOST: 'test',
      HTTP_USER_AGENT: 'me',
      HTTP_X_ONE: '1',
      RAW_URI: '/some/path?a=1&b=%20',
      REMOTE_ADDR: '127.0.0.1',
      'wsgi.version': [1, 0],
      'wsgi.url_scheme': 'http',
      'wsgi.run_once': false,
      'wsgi.input_terminated': true,
    };
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(environ[name], value, name);
    assert.equal(typeof environ['SERVER_NAME'], 'string');
    assert.match(String(environ['SERVER_PORT']), /^\d+$/);
    assert.match(String(environ['REMOTE_PORT']), /^\d+$/);
    assert.match(String(environ['SERVER_SOFTWARE']), /^(tsgun|gunicorn)\//);
    assert.equal(typeof environ['wsgi.multithread'], 'boolean');
    assert.equal(typeof environ['wsgi.multiprocess'], 'boolean');
    assert.ok('wsgi.file_wrapper' in environ);
    assert.ok(!('HTTP_CONTENT_TYPE' in environ));
    assert.ok(!('HTTP_CONTENT_LENGTH' in environ));
  },
  async 'without a query QUERY_STRING is empty'(target) {
    assert.equal((await environOf(target, '/x'))['QUERY_STRING'], '');
    const environ = await environOf(target, '/x?');
    assert.equal(environ['QUERY_STRING'], '');
    assert.equal(environ['RAW_URI'], '/x?');
  },
  async 'paths are decoded once and stay bytes in Latin-1'(target) {
    const paths = {
      '/caf%C3%A9': '/caf\u00c3\u00a9',
      '/a%2Fb': '/a/b',
      '/a%252Fb': '/a%2Fb',
      '//double//slash/': '//double//slash/',
      '/a/../b/./c': '/a/../b/./c',
      '/%00nul': '/\u0000nul',
      '/%ff': '/\u00ff',
      '/percent%zz%': '/percent%zz%',
      '/semi;colon=1,2': '/semi;colon=1,2',
      '/plus+space%20': '/plus+space ',
    };
    for (const [path, decoded] of Object.entries(paths)) {
      const environ = await environOf(target, path);
      assert.equal(environ['PATH_INFO'], decoded);
      assert.equal(environ['RAW_URI'], path);
    }
  },
  async 'a target in absolute form is a path and a host'(target) {
    const environ = await environOf(target, 'http://elsewhere.example/abs?q=1');
    assert.equal(environ['PATH_INFO'], '/abs');
    assert.equal(environ['QUERY_STRING'], 'q=1');
  },
  async 'repeated headers are joined, cookies with a semicolon'(target) {
    const environ = await environOf(target, '/x', [
      'X-Twice: a',
      'X-Twice: b',
      'Cookie: c=1',
      'Cookie: d=2',
    ]);
    assert.match(String(environ['HTTP_X_TWICE']), /^a, ?b$/);
    assert.match(String(environ['HTTP_COOKIE']), /^c=1; ?d=2$/);
  },
  async 'a name with an underscore cannot pretend to be one with a hyphen'(target) {
    const environ = await environOf(target, '/x', ['X_Real_User: evil', 'X-Other: fine']);
    assert.equal(environ['HTTP_X_OTHER'], 'fine');
    assert.ok(!('HTTP_X_REAL_USER' in environ));
  },
  async 'header values are Latin-1'(target) {
    const environ = await environOf(target, '/x', ['X-Latin: caf\u00e9', 'X-Empty:']);
    assert.equal(environ['HTTP_X_LATIN'], 'caf\u00e9');
    assert.equal(environ['HTTP_X_EMPTY'], '');
  },
  async 'a trusted proxy sets the scheme'(target) {
    assert.equal((await environOf(target, '/x'))['wsgi.url_scheme'], 'http');
    const environ = await environOf(target, '/x', ['X-Forwarded-Proto: https']);
    assert.equal(environ['wsgi.url_scheme'], 'https');
    assert.equal(environ['REMOTE_ADDR'], '127.0.0.1');
  },
  async 'SCRIPT_NAME of a trusted proxy is taken off the path'(target) {
    const environ = await environOf(target, '/mount/page', ['SCRIPT_NAME: /mount']);
    assert.equal(environ['SCRIPT_NAME'], '/mount');
    assert.equal(environ['PATH_INFO'], '/page');
    assert.equal((await get(target, '/other', ['SCRIPT_NAME: /mount'])).status, 500);
  },
  async 'CONTENT_TYPE and CONTENT_LENGTH have no prefix'(target) {
    const answer = await ask(target, 'POST', '/x', {
      headers: ['Content-Type: text/csv'],
      body: 'a,b',
    });
    const environ = JSON.parse(answer.body) as Environ;
    assert.equal(environ['CONTENT_TYPE'], 'text/csv');
    assert.equal(environ['CONTENT_LENGTH'], '3');
    assert.equal(environ['REQUEST_METHOD'], 'POST');
  },
  async 'unusual methods arrive'(target) {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
      const answer = await ask(target, method, '/x');
      assert.equal((JSON.parse(answer.body) as Environ)['REQUEST_METHOD'], method);
    }
  },
  async 'read() ends at the end of the body'(target) {
    for (const size of [0, 1, 10_007, 70_000, 3_000_000]) {
      const body = randomBytes(size);
      const answer = await ask(target, 'POST', '/pieces', { body });
      const digest = createHash('sha256').update(body).digest('hex');
      assert.equal(answer.body, `${size} ${digest}`);
    }
    assert.equal((await get(target, '/pieces')).body.split(' ')[0], '0');
  },
  async 'readline(), readline(n), readlines() and iteration agree'(target) {
    const body = 'first\nsecond\nthird\n\nlast';
    const lines = await ask(target, 'POST', '/lines', { body });
    const expected = ['first\n', 'sec', 'ond\n', 'third\n', '\n', 'last'];
    assert.deepEqual(JSON.parse(lines.body), expected);
    const all = await ask(target, 'POST', '/readlines', { body });
    assert.deepEqual(JSON.parse(all.body), ['first\n', 'second\n', 'third\n', '\n', 'last']);
  },
  async 'a chunked request body arrives whole'(target) {
    const parts = ['4\r\nWiki\r\n', '5;ext=1\r\npedia\r\n', 'E\r\n in\r\n\r\nchunks.\r\n'];
    const answer = await ask(target, 'POST', '/echo', {
      headers: ['Transfer-Encoding: chunked'],
      body: `${parts.join('')}0\r\n\r\n`,
    });
    assert.equal(answer.body, 'Wikipedia in\r\n\r\nchunks.');
  },
  async 'Expect: 100-continue is answered before the body is sent'(target) {
    const connection = await StrictConnection.open(target);
    const lines = ['POST /echo HTTP/1.1', 'Host: test', 'Content-Length: 4'];
    connection.write(`${[...lines, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`);
    const interim = await connection.answer();
    assert.equal(interim.status, 100);
    connection.write('body');
    assert.equal((await connection.answer()).body, 'body');
    connection.close();
  },
  async 'a body that the app did not read does not become the next request'(target) {
    const body = 'GET /evil HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(50);
    const head = `POST /unread HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n`;
    const raw = await exchange(target, `${head}Connection: close\r\n\r\n${body}`);
    const answer = readAnswer(raw);
    assert.equal(answer.body, 'unread');
    assert.equal(answer.rest, '');
  },
  async 'a big body goes there and back unharmed'(target) {
    const body = randomBytes(8 << 20);
    const answer = await ask(target, 'POST', '/echo', {
      headers: ['Content-Type: application/octet-stream'],
      body,
    });
    const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
    assert.equal(answer.complete, true);
    assert.equal(digest(Buffer.from(answer.body, 'latin1')), digest(body));
  },
  async 'HEAD has the headers of GET and no body'(target) {
    const answer = await ask(target, 'HEAD', '/');
    assert.equal(answer.status, 200);
    assert.equal(header(answer, 'content-length'), '5');
    assert.equal(answer.rest, '');
    assert.equal((await ask(target, 'HEAD', '/stream')).rest, '');
  },
  async '204 and 304 have no body and no framing'(target) {
    for (const status of ['204 No Content', '304 Not Modified']) {
      const answer = await get(target, `/status?${status.replaceAll(' ', '%20')}`);
      assert.equal(`${answer.status} ${answer.reason}`, status);
      assert.equal(header(answer, 'transfer-encoding'), undefined);
      assert.equal(answer.rest, '');
    }
  },
  async 'status and reason are as the app gave them'(target) {
    for (const status of ['200 OK', '404 Nothing Here', '418 Teapot', '599 Own']) {
      const answer = await get(target, `/status?${status.replaceAll(' ', '%20')}`);
      assert.equal(`${answer.status} ${answer.reason}`, status);
    }
  },
  async 'without a Content-Length a 1.1 client gets chunks, a 1.0 client an end'(target) {
    const modern = await get(target, '/stream');
    assert.equal(modern.chunked, true);
    assert.equal(modern.complete, true);
    assert.match(modern.body, /^(part \d\n){5}$/);
    const old = await ask(target, 'GET', '/stream', { version: '1.0' });
    assert.equal(old.chunked, false);
    assert.equal(header(old, 'transfer-encoding'), undefined);
    assert.equal(old.body, modern.body);
  },
  async 'a 1.0 client is told as SERVER_PROTOCOL and needs no Host'(target) {
    const raw = await exchange(target, 'GET /x HTTP/1.0\r\n\r\n');
    const environ = JSON.parse(readAnswer(raw).body) as Environ;
    assert.equal(environ['SERVER_PROTOCOL'], 'HTTP/1.0');
    assert.ok(!('HTTP_HOST' in environ));
  },
  async 'an app may give no part, empty parts, and parts under one length'(target) {
    assert.equal((await get(target, '/empty')).body, '');
    const sized = await get(target, '/sized');
    assert.equal(sized.body, 'onetwosix');
    assert.equal(sized.chunked, false);
  },
  async 'parts are sent when they are yielded'(target) {
    const connection = await StrictConnection.open(target);
    const begun = performance.now();
    connection.write('GET /stream HTTP/1.1\r\nHost: test\r\n\r\n');
    await waitFor('the first part', () => connection.received > 0);
    assert.ok(performance.now() - begun < 350, 'the first part came late');
    assert.match((await connection.answer()).body, /part 4/);
    assert.ok(performance.now() - begun > 350);
    connection.close();
  },
  async 'write() sends before what is returned'(target) {
    assert.equal((await get(target, '/write')).body, 'written returned');
  },
  async 'a generator may call start_response late'(target) {
    const answer = await get(target, '/late-start');
    assert.equal(`${answer.status} ${answer.body}`, '202 late');
  },
  async 'exc_info replaces an answer that was not sent'(target) {
    const answer = await get(target, '/replaced');
    assert.equal(answer.status, 503);
    assert.equal(header(answer, 'x-first'), undefined);
    assert.equal(header(answer, 'x-second'), '2');
  },
  async 'exc_info after a part cuts the answer'(target) {
    const answer = await get(target, '/too-late');
    assert.equal(answer.complete, false);
    assert.doesNotMatch(answer.raw, /never sent|500/);
  },
  async 'close() is always called'(target) {
    const mark = String(Math.random());
    assert.equal((await get(target, `/closing?short${mark}`)).body, 'a');
    assert.equal((await get(target, `/closing?early${mark}`)).status, 500);
    assert.equal((await get(target, `/closing?raise${mark}`)).complete, false);
    assert.equal((await ask(target, 'HEAD', `/closing?short-head${mark}`)).rest, '');
    const leaver = await StrictConnection.open(target);
    leaver.write(`GET /closing?leaver${mark} HTTP/1.1\r\nHost: test\r\n\r\n`);
    await waitFor('the answer to begin', () => leaver.received > 0);
    leaver.close();
    await waitFor('all to be closed', async () => {
      const closed = JSON.parse((await get(target, '/closed')).body) as string[];
      return closed.filter((name) => name.endsWith(mark)).length === 5;
    });
  },
  async 'headers of the app arrive as they are, once each'(target) {
    const answer = await get(target, '/headers');
    assert.equal(answer.reason, 'Just Fine');
    const cookies = answer.headers.filter(([name]) => name.toLowerCase() === 'set-cookie');
    assert.deepEqual(
      cookies.map(([, value]) => value),
      ['a=1', 'b=2'],
    );
    assert.equal(header(answer, 'x-empty'), '');
    assert.equal(header(answer, 'x-latin'), 'caf\u00e9');
    assert.equal(header(answer, 'x-lower_case-1'), 'odd');
    assert.equal(answer.headers.filter(([name]) => /^date$/i.test(name)).length, 1);
    const many = await get(target, '/many-headers');
    assert.equal(many.headers.filter(([name]) => /^x-many-/i.test(name)).length, 200);
  },
  async 'hop-by-hop headers of the app are left out'(target) {
    const answer = await get(target, '/hop-by-hop');
    assert.equal(header(answer, 'x-kept'), '1');
    assert.equal(header(answer, 'te'), undefined);
    assert.doesNotMatch(header(answer, 'keep-alive') ?? '', /timeout=9/);
    assert.equal(answer.body, 'hop');
  },
  async 'early hints come first'(target) {
    const answer = await get(target, '/hints');
    assert.equal(answer.body, 'hinted');
    assert.match(answer.interim[0] ?? '', /^HTTP\/1\.1 103 .*\r\nLink: <\/style\.css>/is);
    const old = await ask(target, 'GET', '/hints', { version: '1.0' });
    assert.deepEqual(old.interim, []);
  },
  async 'a long answer without a length is complete'(target) {
    const answer = await get(target, '/big?16');
    assert.equal(answer.complete, true);
    assert.equal(answer.body.length, 16 << 20);
  },
  async 'a client that leaves harms nobody'(target) {
    for (let count = 0; count < 8; count += 1) {
      const leaver = await StrictConnection.open(target);
      leaver.write('GET /big?64 HTTP/1.1\r\nHost: test\r\n\r\n');
      await waitFor('bytes', () => leaver.received > 0);
      leaver.close();
    }
    assert.equal((await get(target, '/')).body, 'hello');
  },
  async 'a kept connection carries one request after the other'(target) {
    const connection = await StrictConnection.open(target);
    for (const path of ['/', '/sized', '/write', '/empty', '/status?204%20No', '/']) {
      const answer = await connection.get(path);
      assert.ok(answer.status < 300);
    }
    // Two at once: the answers come in order.
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /sized HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await connection.answer()).body, 'hello');
    assert.equal((await connection.answer()).body, 'onetwosix');
    connection.close();
  },
  async 'a kept connection survives bodies of every kind'(target) {
    const connection = await StrictConnection.open(target);
    for (const path of ['/echo', '/unread', '/pieces']) {
      connection.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345`);
      assert.equal((await connection.answer()).status, 200);
      const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`;
      connection.write(`${head}5\r\n12345\r\n0\r\n\r\n`);
      assert.equal((await connection.answer()).status, 200);
    }
    assert.equal((await connection.get('/')).body, 'hello');
    connection.close();
  },
};

for (const kind of wsgiClasses) {
  test(`WSGI, ${kind}`, { skip: needsPython(...modulesOf(kind)) }, async (t) => {
    const server = await startPython(t, kind, 'wsgi_suite:app');
    for (const [name, check] of Object.entries(checks)) {
      await t.test(name, (inner) => check(server.target, inner));
    }
    await t.test('wsgi.errors and both standard streams reach the log', async () => {
      assert.equal((await get(server.target, '/errors')).body, 'logged');
      const wanted = ['in wsgi.errors', 'writelines two', 'on stdout', 'on stderr'];
      await waitFor('the lines', () => wanted.every((text) => server.log.includes(text)));
    });
    await t.test('the app was treated by the rules', () => {
      const faults = server.log.split('\n').filter((line) => /AssertionError/.test(line));
      assert.deepEqual(faults, []);
    });
  });
}
