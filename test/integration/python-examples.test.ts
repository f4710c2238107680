import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { needsPython, pythonWith } from '../helpers/python.ts';
import { startTsgunPython } from '../helpers/python-server.ts';
import { ask, get, header } from '../helpers/raw-request.ts';
import { root, startTsgun } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { WsClient } from '../helpers/ws-client.ts';

const examples = path.join(root, 'examples');

for (const { name, app, modules, answer } of [
  { name: 'wsgi', app: 'hello:app', modules: [], answer: /Hello from WSGI, pid \d+, path \/\n/ },
  { name: 'flask', app: 'app:app', modules: ['flask'], answer: /^Hello from Flask\n$/ },
  { name: 'fastapi', app: 'app:app', modules: ['fastapi'], answer: /<title>Echo<\/title>/ },
  { name: 'starlette', app: 'app:app', modules: ['starlette'], answer: /Hello from Starlette/ },
]) {
  test(`examples/${name} serves`, { skip: needsPython(...modules) }, async (t) => {
    const chdir = path.join(examples, name);
    const tsgun = await startTsgunPython(t, 'auto', app, { modules, chdir });
    assert.match((await get({ port: tsgun.port }, '/')).body, answer);
    assert.equal(await tsgun.stop(), 0);
  });
}

test('the WebSocket of examples/fastapi echoes', { skip: needsPython('fastapi') }, async (t) => {
  const chdir = path.join(examples, 'fastapi');
  const tsgun = await startTsgunPython(t, 'auto', 'app:app', { modules: ['fastapi'], chdir });
  const client = new WsClient({ port: tsgun.port }, '/echo');
  await client.opened;
  client.socket.send('hello');
  assert.equal(await client.text(), 'hello');
  await client.close();
});

test('the admin of examples/django lets in', { skip: needsPython('django') }, async (t) => {
  const python = pythonWith('django');
  const cwd = path.join(makeTempDir(t), 'django');
  cpSync(path.join(examples, 'django'), cwd, { recursive: true });
  const { PATH = '' } = process.env;
  const env = { PATH, PYTHON: python, TSGUN: 'true', PYTHONDONTWRITEBYTECODE: '1' };
  const prepared = spawnSync(path.join(cwd, 'start.sh'), { env, encoding: 'utf8' });
  assert.equal(prepared.status, 0, prepared.stderr);
  const tsgun = await startTsgun(t, ['--python', python], { cwd });
  const target = { port: tsgun.port };

  const style = await get(target, '/static/admin/css/base.css');
  assert.equal(style.status, 200);
  assert.match(header(style, 'content-type') ?? '', /^text\/css/);
  const outside = await get(target, '/static/../../tsgun.conf.toml');
  assert.ok([403, 404].includes(outside.status), outside.raw);
  assert.match((await get(target, '/')).body, /<h1>Notes<\/h1>/);

  const form = await get(target, '/admin/login/');
  const token = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(form.body)?.[1];
  const cookie = /csrftoken=\w+/.exec(form.raw)?.[0];
  const body = `csrfmiddlewaretoken=${token}&username=admin&password=admin&next=/admin/`;
  const type = 'Content-Type: application/x-www-form-urlencoded';
  const login = await ask(target, 'POST', '/admin/login/', {
    headers: [type, `Cookie: ${cookie}`],
    body,
  });
  assert.equal(login.status, 302, login.raw);
  const session = /sessionid=\w+/.exec(login.raw)?.[0];
  const admin = await get(target, '/admin/', [`Cookie: ${session}`]);
  assert.match(admin.body, /Site administration/);
  assert.equal(await tsgun.stop(), 0);
});
