import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsPython } from '../helpers/python.ts';
import { startPython } from '../helpers/python-server.ts';
import { get } from '../helpers/raw-request.ts';
import type { Target } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { WsClient } from '../helpers/ws-client.ts';

const seen = async (target: Target, name: string): Promise<unknown> =>
  (JSON.parse((await get(target, '/seen')).body) as Record<string, unknown>)[name];

const checks: Record<string, (target: Target) => Promise<void>> = {
  async 'the scope of a WebSocket'(target) {
    const socket = new WsClient(target, '/scope?q=1', ['a', 'b']);
    const scope = JSON.parse(await socket.text()) as Record<string, unknown>;
    assert.equal(scope['type'], 'websocket');
    assert.equal(scope['scheme'], 'ws');
    assert.equal(scope['path'], '/scope');
    assert.equal(scope['query_string'], 'q=1');
    assert.deepEqual(scope['subprotocols'], ['a', 'b']);
    assert.ok(!('method' in scope));
    assert.equal((await socket.closed).code, 1000);
  },
  async 'texts and bytes come back as what they were'(target) {
    const socket = new WsClient(target, '/echo');
    assert.equal((await socket.opened).headers['x-accepted'], 'yes');
    for (const text of ['hello', '', 'grüße \u{1f600}', 'x'.repeat(300_000)]) {
      socket.socket.send(text);
      const { data, binary } = await socket.next();
      assert.equal(binary, false);
      assert.equal(data.toString(), text);
    }
    for (const bytes of [Buffer.alloc(0), randomBytes(1000), randomBytes(900_000)]) {
      socket.socket.send(bytes);
      const { data, binary } = await socket.next();
      assert.equal(binary, true);
      assert.ok(data.equals(bytes));
    }
    assert.equal((await socket.close(4001, 'my reason')).code, 4001);
    await waitFor('the app to know', async () => {
      const found = await seen(target, 'ws');
      return Array.isArray(found) && found[0] === 4001;
    });
  },
  async 'messages in fragments are put together'(target) {
    const socket = new WsClient(target, '/echo');
    await socket.opened;
    for (const part of ['one ', 'two ']) socket.socket.send(part, { fin: false });
    socket.socket.send('three', { fin: true });
    assert.equal(await socket.text(), 'one two three');
    socket.socket.ping('are you there');
    const [pong] = (await once(socket.socket, 'pong')) as [Buffer];
    assert.equal(pong.toString(), 'are you there');
    await socket.close();
  },
  async 'the app chooses the subprotocol'(target) {
    const socket = new WsClient(target, '/subprotocol', ['first', 'second']);
    await socket.opened;
    assert.equal(socket.socket.protocol, 'second');
    await socket.closed;
  },
  async 'close codes and reasons of the app reach the client'(target) {
    for (const code of [1000, 1001, 1008, 1011, 3000, 4999]) {
      const { code: told, reason } = await new WsClient(target, `/close?${code}`).closed;
      assert.equal(told, code);
      assert.equal(reason, 'as asked: \u00e9');
    }
    assert.equal(await seen(target, 'ws-close'), 'websocket.disconnect');
  },
  async 'close before accept is a 403'(target) {
    assert.equal((await new WsClient(target, '/reject').refused).status, 403);
  },
  async 'an answer of its own instead of the handshake'(target) {
    const { status, headers, body } = await new WsClient(target, '/denial').refused;
    assert.equal(status, 401);
    assert.equal(headers['x-denied'], 'yes');
    assert.equal(body, 'not you');
  },
  async 'an app that raises closes with 1011, and answers 500 before accept'(target) {
    assert.equal((await new WsClient(target, '/raises').closed).code, 1011);
    assert.equal((await new WsClient(target, '/raises-first').refused).status, 500);
  },
  async 'a client that is cut off is 1006 for the app'(target) {
    const socket = new WsClient(target, '/echo');
    await socket.opened;
    socket.socket.terminate();
    await waitFor('the app to know', async () => {
      const found = await seen(target, 'ws');
      return Array.isArray(found) && [1005, 1006].includes(found[0]);
    });
  },
  async 'a client that does not read holds its app up'(target) {
    const socket = new WsClient(target, '/flood?64');
    await socket.opened;
    socket.socket.pause();
    let sent = -1;
    await waitFor('the app to stop', async () => {
      const before = sent;
      sent = Number(await seen(target, 'ws-sent'));
      await delay(100);
      return sent === before && sent > 0;
    });
    assert.ok(sent < 40 << 20, `${sent} bytes were taken`);
    let total = 0;
    socket.socket.on('message', (data: Buffer) => {
      total += data.length;
    });
    socket.socket.resume();
    await socket.closed;
    assert.equal(total, 64 << 20);
  },
  async 'an app that does not listen loses no message'(target) {
    const socket = new WsClient(target, '/deaf');
    await socket.opened;
    for (let count = 0; count < 200; count += 1) socket.socket.send(Buffer.alloc(10_000));
    socket.socket.send('end');
    assert.equal(await socket.text(), '2000000');
    await socket.close();
  },
  async 'many WebSockets live side by side'(target) {
    const sockets = Array.from({ length: 100 }, () => new WsClient(target, '/echo'));
    await Promise.all(sockets.map((socket) => socket.opened));
    await Promise.all(
      sockets.map(async (socket, index) => {
        socket.socket.send(String(index));
        assert.equal(await socket.text(), String(index));
        await socket.close();
      }),
    );
  },
  async 'a plain request for a path that only has a WebSocket is HTTP'(target) {
    assert.equal((await get(target, '/flood')).status, 200);
  },
  async 'a client that breaks the protocol is sent away'(target) {
    const socket = new WsClient(target, '/echo');
    await socket.opened;
    const raw = (socket.socket as unknown as { _socket: NodeJS.WritableStream })._socket;
    raw.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
    const { code } = await socket.closed;
    assert.ok([1002, 1006].includes(code), `code ${code}`);
  },
};

test('ASGI over WebSocket', { skip: needsPython() }, async (t) => {
  const modules = process.env['TSGUN_TEST_SERVER'] === 'uvicorn' ? ['websockets'] : [];
  const server = await startPython(t, 'asgi', 'asgi_suite:app', { modules });
  for (const [name, check] of Object.entries(checks))
    await t.test(name, () => check(server.target));
});

test('a WebSocket of a WSGI app is refused', { skip: needsPython() }, async (t) => {
  const { target } = await startPython(t, 'sync', 'wsgi_suite:app');
  const { status } = await new WsClient(target, '/').refused;
  // It is an ordinary request to a WSGI app, which knows no 101.
  assert.ok([200, 400, 426, 501].includes(status), `status ${status}`);
});
