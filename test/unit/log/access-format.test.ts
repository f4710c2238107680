import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TsgunError } from '../../../src/core/errors.ts';
import { compileAccessFormat } from '../../../src/log/access-format.ts';
import { makeRecord } from './records.ts';

const gunicornFormat = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"';
const basic = (user: string) => `Basic ${Buffer.from(user, 'latin1').toString('base64')}`;

test("access format writes Gunicorn's default line", () => {
  const headers = { authorization: basic('ann:secret'), referer: 'http://r/', 'user-agent': 'me' };
  const line = compileAccessFormat(gunicornFormat)(makeRecord({ headers }));
  assert.match(
    line,
    /^192\.0\.2\.1 - ann \[21\/Nov\/2026:\d\d:\d\d:00 [+-]\d{4}\] "GET \/a\/b\?c=d HTTP\/1\.1" 200 5 "http:\/\/r\/" "me"$/,
  );
});

const atoms: Record<string, string> = {
  '%(h)s': '192.0.2.1',
  '%(l)s': '-',
  '%(u)s': '-',
  '%(r)s': 'GET /a/b?c=d HTTP/1.1',
  '%(s)s': '200',
  '%(m)s': 'GET',
  '%(U)s': '/a/b',
  '%(q)s': 'c=d',
  '%(H)s': 'HTTP/1.1',
  '%(b)s': '5',
  '%(B)s': '5',
  '%(f)s': '-',
  '%(a)s': '-',
  '%(T)s': '1',
  '%(M)s': '1234',
  '%(D)s': '1234567',
  '%(L)s': '1.234567',
  '%(p)s': `<${process.pid}>`,
  '%({X-Request-ID}i)s': 'abc',
  '%({x-missing}i)s': '-',
  '%({Content-Type}o)s': 'text/plain',
  '%({x-missing}o)s': '-',
  '%({set-cookie}o)s': 'a=1, b=2',
  '%({request_method}e)s': 'GET',
  '%({REMOTE_ADDR}e)s': '192.0.2.1',
  '%({QUERY_STRING}e)s': 'c=d',
  '%({HTTP_X_REQUEST_ID}e)s': 'abc',
  '%({CONTENT_TYPE}e)s': '-',
  '%({PATH}e)s': '-',
  '%({HOME}e)s': '-',
  '%({constructor}e)s': '-',
  'a 100 % b %% c': 'a 100 % b % c',
};

for (const [format, expected] of Object.entries(atoms)) {
  test(`access format ${format} gives ${expected === '' ? 'nothing' : expected}`, () => {
    const record = makeRecord({
      headers: { 'x-request-id': 'abc' },
      answer: { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'] },
      durationMs: 1234.5671,
    });
    assert.equal(compileAccessFormat(format)(record), expected);
  });
}

for (const [format, atom] of [
  ['%(x)s', '%(x)s'],
  ['%(constructor)s', '%(constructor)s'],
  ['%(__proto__)s', '%(__proto__)s'],
  ['%(foo-bar)s %(h)s', '%(foo-bar)s'],
  ['%(h)s %({host}x)s', '%({host}x)s'],
  ['%(h', '%(h'],
]) {
  test(`access format ${format} is refused`, () => {
    assert.throws(
      () => compileAccessFormat(format ?? ''),
      (error) =>
        error instanceof TsgunError &&
        error.code === 'TSGUN_E_SETTINGS' &&
        error.message.includes(`"${atom}"`),
    );
  });
}

test('access format answers "-" for a Unix socket and 499 for a client that went away', () => {
  const record = makeRecord({ remoteAddress: null, aborted: true });
  assert.equal(compileAccessFormat('%(h)s %({REMOTE_ADDR}e)s %(s)s')(record), '- - 499');
});

const hostile = 'a" 200\n1.2.3.4 - "\r\\\u001b[2J\u0000\u007f\u009b\u00e9';

test('a client cannot forge a line, a field or a terminal escape', () => {
  const record = makeRecord({
    url: `/${hostile}?${hostile}`,
    method: hostile,
    headers: { 'user-agent': hostile, referer: hostile, authorization: basic(`${hostile}:x`) },
  });
  const format =
    '%(u)s %(r)s %(m)s %(U)s %(q)s %(f)s %(a)s %({user-agent}i)s %({PATH_INFO}e)s %({HTTP_REFERER}e)s';
  const line = compileAccessFormat(format)(record);
  assert.match(line, /^[\x20-\x7e]+$/);
  assert.equal(line.replaceAll(/\\["\\]/g, '').includes('"'), false);
  assert.ok(line.includes(String.raw`a\" 200\x0a1.2.3.4 - \"\x0d\\\x1b[2J\x00\x7f\x9b\xe9`));
});

for (const [char, escaped] of Object.entries({
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '\t': String.raw`\x09`,
  '\u007f': String.raw`\x7f`,
  '\u00e9': String.raw`\xe9`,
})) {
  test(`access format writes ${escaped} for such a character alone`, () => {
    const record = makeRecord({ headers: { 'user-agent': `a${char}b` } });
    assert.equal(compileAccessFormat('%(a)s')(record), `a${escaped}b`);
  });
}

test('access format json is one ASCII line with its keys in order', () => {
  const record = makeRecord({ url: `/${hostile}`, headers: { 'user-agent': hostile } });
  const line = compileAccessFormat('json')(record);
  assert.match(line, /^[\x20-\x7e]+$/);
  const parsed = JSON.parse(line);
  assert.deepEqual(parsed, {
    time: '2026-11-21T08:00:00.000Z',
    remoteAddr: '192.0.2.1',
    method: 'GET',
    path: `/${hostile}`,
    query: '',
    protocol: 'HTTP/1.1',
    status: 200,
    bytes: 5,
    durationUs: 1000,
    referer: null,
    userAgent: hostile,
    pid: process.pid,
    slot: 3,
    aborted: false,
  });
});

test('access format tells the time of each request, whatever was asked before', () => {
  const format = compileAccessFormat('%(t)s');
  const at = Date.UTC(2026, 10, 21, 8);
  const first = format(makeRecord({ startedAt: at }));
  assert.equal(format(makeRecord({ startedAt: at + 999 })), first);
  const second = format(makeRecord({ startedAt: at + 1000 }));
  assert.match(second, /:01 [+-]\d{4}\]$/);
  assert.equal(format(makeRecord({ startedAt: at })), first);
});
