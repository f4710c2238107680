import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce } from '../helpers/strict-client.ts';

const apps = path.resolve(import.meta.dirname, '../fixtures/apps');

const bodies: Record<string, string> = {
  'handler.mjs': 'handler',
  'commonjs.cjs': 'commonjs',
  'typed.ts:handler': 'typed',
  'express.js': 'express',
  'koa.js': 'koa',
  'fastify.js': 'fastify',
  'hono.ts': 'hono',
  'fetch-function.js': 'fetch /',
  'http-server.js': 'http-server',
  'factory.js': 'factory',
  'promise.js': 'promise',
  'nest-like.js': 'nest-like',
  package: 'package',
  'package/lib/main.js:app': 'package',
};

for (const [app, body] of Object.entries(bodies)) {
  test(`serves ${app}`, async (t) => {
    const tsgun = await startTsgun(t, ['--chdir', apps, app]);
    const answer = await fetchOnce({ port: tsgun.port });
    assert.deepEqual([answer.status, answer.body], [200, body]);
    assert.equal(await tsgun.stop(), 0);
  });
}

for (const app of ['express-listen', 'fastify-listen', 'listen-late']) {
  test(`serves the unmodified script ${app} on its own listeners, and says so`, async (t) => {
    const tsgun = await startTsgun(t, ['-w', '2', '--chdir', apps, `${app}.js`]);
    assert.equal((await fetchOnce({ port: tsgun.port })).body, app);
    assert.match(tsgun.log, /called listen\(.*3000.*\): it serves on the inherited listeners/);
    assert.equal(await tsgun.stop(), 0);
  });
}

test('an unmodified script sees the address that it really got', async (t) => {
  const tsgun = await startTsgun(t, ['--chdir', apps, 'express-listen.js']);
  await tsgun.waitForLog(new RegExp(`listening on ${tsgun.port}`));
});

test('only the first listen of a script is taken over', async (t) => {
  const tsgun = await startTsgun(t, ['--chdir', apps, 'listen-twice.js']);
  const { body } = await fetchOnce({ port: tsgun.port });
  const port = Number(/second port (\d+)/.exec(body)?.[1]);
  assert.equal((await fetchOnce({ port })).body, 'on the second server');
});

for (const app of ['ws-server', 'express-ws']) {
  test(`passes WebSocket upgrades to ${app}, and a stop ends them`, async (t) => {
    const args = ['--chdir', apps, '--graceful-timeout', '1', `${app}.js`];
    const tsgun = await startTsgun(t, args);
    assert.equal((await fetchOnce({ port: tsgun.port })).body, app);
    const socket = new WebSocket(`ws://127.0.0.1:${tsgun.port}`);
    await once(socket, 'open');
    socket.send('hello');
    const [message] = await once(socket, 'message');
    assert.equal((message as MessageEvent).data, 'echo hello');
    const closed = once(socket, 'close');
    assert.equal(await tsgun.stop(), 0);
    await closed;
  });
}

test('serves several listeners of different kinds at once', async (t) => {
  const binds = ['-b', '127.0.0.1:0', '-b', '[::1]:0', '-b', 'unix:app.sock'];
  const tsgun = await startTsgun(t, [...binds, path.join(apps, 'express.js')]);
  const port6 = Number(/Listening at: http:\/\/\[::1\]:(\d+)/.exec(tsgun.log)?.[1]);
  const targets = [
    { port: tsgun.port },
    { port: port6, host: '::1' },
    { path: path.join(tsgun.cwd, 'app.sock') },
  ];
  for (const target of targets) assert.equal((await fetchOnce(target)).body, 'express');
});
