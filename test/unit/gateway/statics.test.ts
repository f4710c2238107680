import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Statics } from '../../../src/gateway/statics.ts';
import { ask, header } from '../../helpers/raw-request.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

async function serve(t: TestContext) {
  const root = makeTempDir(t);
  writeFiles(root, {
    'secret.txt': 'secret',
    'static/a b.txt': '0123456789',
    'static/style.css': 'body {}',
    'static/.env': 'secret',
    'static/.git/config': 'secret',
    'static/sub/index.html': 'index',
    'media/a.txt': 'media',
  });
  const statics = new Statics([
    { prefix: '/static/', folder: path.join(root, 'static') },
    { prefix: '/static/media/', folder: path.join(root, 'media') },
  ]);
  const server = createServer((req, res) => {
    if (!statics.serve(req, res, (req.url ?? '').split('?')[0] ?? '')) res.end('app');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return (target: string, headers: string[] = [], method = 'GET') =>
    ask({ port }, method, target, { headers });
}

test('files are served with their type, and all else is left to the app', async (t) => {
  const get = await serve(t);
  const style = await get('/static/style.css?v=1');
  assert.deepEqual([style.status, style.body], [200, 'body {}']);
  assert.match(header(style, 'content-type') ?? '', /^text\/css/);
  assert.equal((await get('/static/a%20b.txt')).body, '0123456789');
  assert.equal((await get('/static/media/a.txt')).body, 'media');
  for (const other of ['/', '/static', '/staticx/a.txt', '/%73tatic/style.css'])
    assert.equal((await get(other)).body, 'app', other);
});

for (const target of [
  '/static/../secret.txt',
  '/static/%2e%2e/secret.txt',
  '/static/..%2fsecret.txt',
  '/static/sub/../../secret.txt',
  '/static//../secret.txt',
  '/static/..%5csecret.txt',
  '/static/%00',
  '/static/%',
  '/static/.env',
  '/static/.git/config',
  '/static/sub',
  '/static/sub/',
  '/static/',
  '/static/none',
  `/static/${'a'.repeat(300)}`,
]) {
  test(`${target.slice(0, 40)} is refused, and nothing is told`, async (t) => {
    const { status, body } = await (await serve(t))(target);
    assert.ok([400, 403, 404].includes(status), `${status}`);
    assert.doesNotMatch(body, /secret$|index$/);
  });
}

test('parts, HEAD and questions whether it has changed', async (t) => {
  const get = await serve(t);
  const file = '/static/a%20b.txt';
  const part = await get(file, ['Range: bytes=2-4']);
  assert.deepEqual([part.status, part.body], [206, '234']);
  const beyond = await get(file, ['Range: bytes=20-']);
  assert.deepEqual([beyond.status, header(beyond, 'content-range')], [416, 'bytes */10']);
  const head = await get(file, [], 'HEAD');
  assert.deepEqual([head.status, header(head, 'content-length'), head.rest], [200, '10', '']);
  const etag = header(head, 'etag') ?? '';
  const since = header(head, 'last-modified') ?? '';
  assert.equal((await get(file, [`If-None-Match: ${etag}`])).status, 304);
  assert.equal((await get(file, [`If-Modified-Since: ${since}`])).status, 304);
  assert.equal((await get(file, ['If-Match: "other"'])).status, 412);
});

test('other methods are refused with what is allowed', async (t) => {
  const refused = await (await serve(t))('/static/style.css', [], 'POST');
  assert.deepEqual([refused.status, header(refused, 'allow')], [405, 'GET, HEAD']);
});
