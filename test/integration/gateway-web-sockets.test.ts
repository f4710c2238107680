import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { GatewayStart } from '../../src/protocol/gateway.ts';
import { frameFlags, frameTypes } from '../../src/protocol/link.ts';
import { type FakeConnection, startGateway } from '../helpers/start-gateway.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { WsClient } from '../helpers/ws-client.ts';

async function startAsgi(t: TestContext, start: Partial<GatewayStart> = {}) {
  const gateway = await startGateway(t, start);
  const worker = await gateway.dial({ interface: 'asgi', capacity: 100 });
  return { gateway, worker, main: worker.main };
}

/** An open WebSocket, and the number of its stream. */
async function open(t: TestContext, { gateway, main }: Awaited<ReturnType<typeof startAsgi>>) {
  const client = new WsClient(gateway.target, '/');
  t.after(() => client.socket.terminate());
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.wsAccept, stream });
  await client.opened;
  return { client, stream };
}

const messagesOf = (main: FakeConnection) =>
  main.frames.filter(({ type }) => type === frameTypes.wsMessage);

for (const [said, code, reason] of [
  [4000, 4000, 'why'],
  [1005, 1005, ''],
  [1006, 1005, ''],
  [0, 1005, ''],
  [1, 1011, 'why'],
  [1004, 1011, 'why'],
  [2999, 1011, 'why'],
  [70_000, 1011, 'why'],
] as const) {
  test(`an app that closes with ${said} is heard as ${code}`, async (t) => {
    const place = await startAsgi(t);
    const { client, stream } = await open(t, place);
    place.main.send({ type: frameTypes.wsClose, stream, code: said }, 'why');
    assert.deepEqual(await client.closed, { code, reason });
  });
}

test('a reason that is too long is cut between characters', async (t) => {
  const place = await startAsgi(t);
  const { client, stream } = await open(t, place);
  const reason = Buffer.from('€'.repeat(100));
  place.main.send({ type: frameTypes.wsClose, stream, code: 4000 }, reason);
  assert.deepEqual(await client.closed, { code: 4000, reason: '€'.repeat(41) });
});

test('a message before the handshake is over drops the worker, and is answered 502', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const client = new WsClient(gateway.target, '/');
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.wsMessage, stream, flags: frameFlags.end }, 'early');
  assert.equal((await client.refused).status, 502);
  await gateway.hear('broken');
});

test('a big message comes in parts, as far as there is credit', async (t) => {
  const place = await startAsgi(t);
  const { client, stream } = await open(t, place);
  const size = 3_000_000;
  client.socket.send(Buffer.alloc(size, 1));
  const got = () => messagesOf(place.main).reduce((sum, { payload }) => sum + payload.length, 0);
  await waitFor('the credit to be used up', () => got() === 256 * 1024);
  place.main.send({ type: frameTypes.credit, stream, code: size });
  await waitFor('all of it', () => got() === size);
  const parts = messagesOf(place.main);
  assert.deepEqual(
    parts.filter(({ flags }) => flags !== 0),
    parts.slice(-1),
  );
});

test('a message that is longer than the limit ends the WebSocket with 1009', async (t) => {
  const place = await startAsgi(t, { mostMessageBytes: 1000 });
  const { client } = await open(t, place);
  client.socket.send(Buffer.alloc(1001));
  assert.equal((await client.closed).code, 1009);
  await place.main.hear(frameTypes.wsClose);
});

test('a ping is answered, and fragments become one message', async (t) => {
  const place = await startAsgi(t);
  const { client } = await open(t, place);
  const pong = once(client.socket, 'pong');
  client.socket.ping('there?');
  assert.equal(String((await pong)[0]), 'there?');
  client.socket.send('a', { fin: false });
  client.socket.send('b', { fin: false });
  client.socket.send('c', { fin: true });
  assert.equal((await place.main.hear(frameTypes.wsMessage)).payload.toString(), 'abc');
});

test('the app and its client can close at the same time', async (t) => {
  const place = await startAsgi(t);
  const { client, stream } = await open(t, place);
  client.socket.close(4001, 'mine');
  place.main.send({ type: frameTypes.wsClose, stream, code: 4002 }, 'ours');
  assert.ok([4001, 4002].includes((await client.closed).code));
  place.main.send({ type: frameTypes.rest, code: 1 });
  await place.main.hear(frameTypes.idle);
});

test('the close of a client that does not read what came before is answered all the same', async (t) => {
  const place = await startAsgi(t);
  const { client, stream } = await open(t, place);
  client.socket.send(Buffer.alloc(2_000_000)); // more than there is credit for: it is held
  await waitFor('the first part', () => messagesOf(place.main).length > 0);
  place.main.send({ type: frameTypes.wsClose, stream, code: 4000 });
  const begun = performance.now();
  assert.equal((await client.closed).code, 4000);
  assert.ok(performance.now() - begun < 4000);
});

test('a client that never answers a close is cut off', async (t) => {
  const { gateway, main } = await startAsgi(t);
  const { port } = gateway.target as { port: number };
  const client = connect(port, '127.0.0.1');
  t.after(() => client.destroy());
  client.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const { stream } = await main.hear(frameTypes.request);
  main.send({ type: frameTypes.wsAccept, stream });
  main.send({ type: frameTypes.wsClose, stream, code: 1000 });
  client.resume();
  await once(client, 'close');
  await waitFor('no connection', () => gateway.heard('beat').at(-1)?.connections === 0);
});

test('a worker that dies ends its WebSockets with 1011', async (t) => {
  const place = await startAsgi(t);
  const { client } = await open(t, place);
  place.worker.end();
  assert.equal((await client.closed).code, 1011);
});

test('a client that is gone without a word is told as 1006, and forgotten', async (t) => {
  const place = await startAsgi(t);
  const { client } = await open(t, place);
  await waitFor('one', () => place.gateway.heard('beat').at(-1)?.longLived === 1);
  client.socket.terminate();
  assert.equal((await place.main.hear(frameTypes.wsClose)).code, 1006);
  await waitFor('none', () => place.gateway.heard('beat').at(-1)?.longLived === 0);
});

test('park sends WebSockets away, and unpark keeps those that are left', async (t) => {
  const place = await startAsgi(t, { drainLongMs: 600_000 });
  const { gateway } = place;
  const { client, stream } = await open(t, place);
  gateway.send({ type: 'park', linger: 'brief', graceMs: 60_000 });
  await waitFor('a farewell', () => gateway.heard('beat').at(-1)?.leaving === 1);
  gateway.send({ type: 'unpark' });
  await waitFor('no farewell', () => gateway.heard('beat').at(-1)?.leaving === 0);
  place.main.send(
    { type: frameTypes.wsMessage, stream, flags: frameFlags.end | frameFlags.text },
    'still here',
  );
  assert.equal(await client.text(), 'still here');
});
