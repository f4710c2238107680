import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../helpers/control.ts';
import { needsPython } from '../helpers/python.ts';
import { startTsgunPython } from '../helpers/python-server.ts';
import { StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';
import { WsClient } from '../helpers/ws-client.ts';

// What lasts longer than a worker: WebSockets and event streams.

const count = 30;
const spreadMs = 2000;

const app = `
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "heard"})
        return
    assert scope["type"] == "http"
    fields = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    while True:
        await send({"type": "http.response.body", "body": b"data: tick\\n\\n", "more_body": True})
        await asyncio.sleep(0.1)
`;

const skip = needsPython();

async function startLong(t: TestContext) {
  const cwd = writeFiles(makeTempDir(t), { 'app.py': app });
  const ours = ['-w', '2', '--drain-long-connections', String(spreadMs / 1000)];
  const tsgun = await startTsgunPython(t, 'asgi', 'app:app', { chdir: cwd, ours });
  const control = await connectControl(t, tsgun);
  return { tsgun, control, target: { port: tsgun.port } };
}

test('a reload closes WebSockets with 1012, not all at once', { skip }, async (t) => {
  const { control, target, tsgun } = await startLong(t);
  const sockets = Array.from({ length: count }, () => new WsClient(target, '/'));
  await Promise.all(sockets.map(({ opened }) => opened));
  const times: number[] = [];
  const closed = sockets.map(async (socket) => {
    const end = await socket.closed;
    times.push(performance.now());
    return end.code;
  });
  await control.call('reload', {});
  assert.deepEqual([...new Set(await Promise.all(closed))], [1012]);
  const spread = Math.max(...times) - Math.min(...times);
  assert.ok(spread > spreadMs / 4 && spread < spreadMs * 2, `within ${spread} ms`);
  const next = new WsClient(target, '/');
  await next.opened;
  next.socket.send('hello');
  assert.equal(await next.text(), 'heard');
  await next.close();
  assert.equal(await tsgun.stop(), 0);
});

test('a reload ends event streams as a client likes it', { skip }, async (t) => {
  const { control, target, tsgun } = await startLong(t);
  const streams = await Promise.all(
    Array.from({ length: count }, async () => {
      const connection = await StrictConnection.open(target);
      connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await waitFor('an event', () => connection.received > 200);
      return connection;
    }),
  );
  const answers = streams.map((connection) => connection.answer());
  await control.call('reload', {});
  for (const { body } of await Promise.all(answers)) assert.match(body, /(data: tick\n\n)+$/);
  for (const connection of streams) connection.close();
  assert.equal(await tsgun.stop(), 0);
});

test('TERM does not wait for WebSockets that nobody closes', { skip }, async (t) => {
  const { target, tsgun } = await startLong(t);
  const sockets = Array.from({ length: 5 }, () => new WsClient(target, '/'));
  await Promise.all(sockets.map(({ opened }) => opened));
  const begun = performance.now();
  assert.equal(await tsgun.stop(), 0);
  assert.ok(performance.now() - begun < spreadMs + 3000);
  for (const { closed } of sockets) assert.ok([1001, 1012].includes((await closed).code));
});
