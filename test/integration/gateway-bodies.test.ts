import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { FakeWorker } from '../helpers/fake-python-worker.ts';
import { peakMemoryOf } from '../helpers/memory-of.ts';
import { RawHttp } from '../helpers/raw-http.ts';
import { startGateway, type TestGateway } from '../helpers/start-gateway.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const mebi = 1024 * 1024;
const big = 1024 * mebi;

/** Descriptors of nameless files that a gateway has open. */
const spillsOf = ({ pid }: TestGateway): number =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return /tsgun-.*\(deleted\)/.test(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;

/** Writes zeros as fast as they are taken. */
function pour(client: { socket: RawHttp['socket'] }, bytes: number, done: () => void): void {
  const piece = Buffer.alloc(256 * 1024);
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const some = left >= piece.length ? piece : piece.subarray(0, left);
      left -= some.length;
      if (!client.socket.write(some)) return void client.socket.once('drain', more);
    }
    done();
  };
  more();
}

for (const [kind, encoding] of [['lane', 'wsgi'], ['mux', 'asgi'], ['mux', 'wsgi']] as const) {
  test(`a GiB up through a ${kind} of ${encoding}, and little memory`, async (t) => {
    const gateway = await startGateway(t);
    let received = 0;
    await gateway.worker({
      hello: { kind, encoding, capacity: 10 },
      keepBodies: false,
      onBody: ({ id, worker }, piece) => {
        received += piece.length;
        if (received === big) worker.answer(id, 'all here');
      },
      onRequest: () => undefined,
    });
    const client = new RawHttp(t, gateway.target).write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${big}\r\n\r\n`);
    pour(client, big, () => undefined);
    await waitFor('the answer', () => /all here$/.test(client.received), 35_000);
    assert.ok(peakMemoryOf(gateway.pid) < 200 * mebi, `${peakMemoryOf(gateway.pid) / mebi} MiB`);
    client.socket.destroy();
    await waitFor('its file to be gone', () => spillsOf(gateway) === 0);
  });
}

/** As Python's `sendall`: what the socket does not take, waits. */
function sendBig(worker: FakeWorker, id: number, bytes: number, credit: { left: number; more: () => void }): void {
  const piece = Buffer.alloc(256 * 1024);
  let left = bytes;
  credit.more = () => {
    while (left > 0 && credit.left >= piece.length / 4 && !worker.socket.writableNeedDrain) {
      const size = Math.min(piece.length / 4, left);
      left -= size;
      credit.left -= size;
      worker.data(id, piece.subarray(0, size), left === 0);
    }
  };
  worker.socket.on('drain', () => credit.more());
  credit.more();
}

for (const [kind, encoding] of [['lane', 'wsgi'], ['mux', 'asgi']] as const) {
  test(`a GiB down through a ${kind}, and little memory`, async (t) => {
    const gateway = await startGateway(t);
    const credit = { left: kind === 'mux' ? 256 * 1024 : Number.POSITIVE_INFINITY, more: () => undefined as void };
    await gateway.worker({
      hello: { kind, encoding, capacity: 10 },
      onFrame: ({ type, code }) => {
        if (type !== 11) return;
        credit.left += code;
        credit.more();
      },
      onRequest: ({ id, worker }) => {
        worker.head(id, 200, ['Content-Length', String(big)]);
        sendBig(worker, id, big, credit);
      },
    });
    const client = new RawHttp(t, gateway.target, false);
    let received = 0;
    client.socket.on('data', (chunk: Buffer) => (received += chunk.length));
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor('all of it', () => received > big, 35_000);
    assert.ok(peakMemoryOf(gateway.pid) < 200 * mebi, `${peakMemoryOf(gateway.pid) / mebi} MiB`);
  });
}

test('a slow reader gets every byte, and the thread that made them is free long before', async (t) => {
  const gateway = await startGateway(t);
  const body = randomBytes(40 * mebi);
  let busy = true;
  await gateway.worker({
    onRequest: ({ id, worker, target }) => {
      if (target === '/other') return worker.answer(id, 'other');
      worker.head(id, 200, ['Content-Length', String(body.length)]);
      for (let at = 0; at < body.length; at += 256 * 1024)
        worker.data(id, body.subarray(at, at + 256 * 1024), at + 256 * 1024 >= body.length);
      worker.socket.write('', () => (busy = false));
    },
  });
  const slow = new RawHttp(t, gateway.target, false);
  slow.socket.pause();
  slow.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('the thread', () => !busy);
  assert.equal((await fetchOnce(gateway.target, '/other')).body, 'other');
  assert.ok(spillsOf(gateway) <= 1);
  const hash = createHash('sha256');
  let received = 0;
  let head = '';
  slow.socket.resume().on('data', (chunk: Buffer) => {
    let rest = chunk;
    if (!head.includes('\r\n\r\n')) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n') + 4;
      rest = end < 4 ? Buffer.alloc(0) : Buffer.from(head.slice(end), 'latin1');
    }
    hash.update(rest);
    received += rest.length;
  });
  await waitFor('the whole', () => received === body.length);
  assert.equal(hash.digest('hex'), createHash('sha256').update(body).digest('hex'));
  await waitFor('its file to be gone', () => spillsOf(gateway) === 0);
  assert.ok(peakMemoryOf(gateway.pid) < 200 * mebi);
});

test('a slow reader that leaves costs neither its file nor its thread', async (t) => {
  const gateway = await startGateway(t, { start: { responseSpill: 4 * mebi } });
  await gateway.worker({
    onRequest: ({ id, worker, target }) => {
      if (target === '/other') return worker.answer(id, 'other');
      worker.head(id, 200, []);
      for (let piece = 0; piece < 100; piece += 1) worker.data(id, Buffer.alloc(256 * 1024), piece === 99);
    },
  });
  const slow = new RawHttp(t, gateway.target, false);
  slow.socket.pause();
  slow.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('its file', () => spillsOf(gateway) === 1);
  const other = fetchOnce(gateway.target, '/other');
  await gateway.beat(({ queue }) => queue?.length === 1);
  slow.socket.destroy();
  assert.equal((await other).body, 'other');
  await waitFor('its file to be gone', () => spillsOf(gateway) === 0);
});

test('slow uploaders keep no worker from working', async (t) => {
  const gateway = await startGateway(t, { start: { queueLimit: 0 } });
  const worker = await gateway.worker();
  const slow = Array.from({ length: 200 }, () =>
    new RawHttp(t, gateway.target).write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345'),
  );
  await gateway.beat(({ inFlight }) => inFlight === 200);
  for (let count = 0; count < 20; count += 1) assert.equal((await fetchOnce(gateway.target)).body, 'hello');
  assert.equal(worker.requests.length, 20);
  for (const client of slow) client.write('67890');
  await Promise.all(slow.map((client) => client.until(/hello$/)));
});

test('bodies of every size arrive unchanged, chunked or not', async (t) => {
  const gateway = await startGateway(t, { start: { bodyBuffer: 20_000, bufferTotal: 100_000 } });
  const lane = await gateway.worker();
  const client = await StrictConnection.open(gateway.target);
  const sizes = [0, 1, 19_999, 20_000, 20_001, 262_144, 262_145, 1_000_000];
  let count = 0;
  for (const size of sizes) {
    for (const chunked of [false, true]) {
      const body = randomBytes(size).toString('latin1');
      const cut = Math.floor(size / 3);
      const pieces = [body.slice(0, cut), body.slice(cut)].filter((piece) => piece !== '');
      client.write(`POST / HTTP/1.1\r\nHost: x\r\n${chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`}\r\n\r\n`);
      for (const piece of pieces) client.write(chunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
      if (chunked) client.write('0\r\n\r\n');
      assert.equal((await client.answer()).body, 'hello');
      const request = lane.requests[count];
      count += 1;
      assert.equal(request?.headers.get('CONTENT_LENGTH'), String(size));
      assert.equal(request?.body.toString('latin1') === body, true, `${size} ${chunked}`);
    }
  }
  client.close();
  assert.equal(spillsOf(gateway), 0);
});

test('an uploader that leaves in the middle leaves nothing behind', async (t) => {
  const gateway = await startGateway(t);
  const worker = await gateway.worker();
  const client = new RawHttp(t, gateway.target).write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${big}\r\n\r\n`);
  client.write(Buffer.alloc(mebi));
  await waitFor('its file', () => spillsOf(gateway) === 1);
  client.socket.destroy();
  await waitFor('its file to be gone', () => spillsOf(gateway) === 0);
  await gateway.beat(({ inFlight }) => inFlight === 0);
  assert.equal(worker.requests.length, 0);
});

test('a disk that takes nothing is a 503 for an upload, and patience for an answer', async (t) => {
  const gateway = await startGateway(t, { start: { spillDir: '/nonexistent' } });
  await gateway.worker({
    onRequest: ({ id, worker }) => {
      worker.head(id, 200, ['Content-Length', String(8 * mebi)]);
      for (let piece = 0; piece < 32; piece += 1) worker.data(id, Buffer.alloc(256 * 1024), piece === 31);
    },
  });
  const upload = new RawHttp(t, gateway.target).write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${mebi}\r\n\r\n`);
  upload.write(Buffer.alloc(mebi));
  await upload.until(/^HTTP\/1\.1 503 /);
  await gateway.logged(/Cannot keep a request body in "\/nonexistent": .*ENOENT/);
  const slow = new RawHttp(t, gateway.target, false);
  slow.socket.pause();
  slow.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await gateway.beat(({ inFlight }) => inFlight === 1);
  let received = 0;
  slow.socket.resume().on('data', (chunk: Buffer) => (received += chunk.length));
  await waitFor('all of it', () => received > 8 * mebi);
});

test('a file of the worker goes out without passing through it', async (t) => {
  const gateway = await startGateway(t);
  const file = path.join(makeTempDir(t), 'file');
  const content = randomBytes(3 * mebi);
  writeFileSync(file, content);
  const fd = openSync(file, 'r');
  t.after(() => closeSync(fd));
  const done: number[] = [];
  const words: Record<string, [string[], object]> = {
    '/all': [[], { fd, offset: 0, length: null }],
    '/part': [['Content-Length', '10'], { fd, offset: mebi, length: 10 }],
    '/beyond': [[], { fd, offset: 5 * mebi, length: null }],
    '/short': [['Content-Length', '10'], { fd, offset: 3 * mebi - 5, length: null }],
    '/gone': [[], { fd: 9999, offset: 0, length: null }],
  };
  await gateway.worker({
    onFrame: ({ type, stream }) => {
      if (type === 13) done.push(stream);
    },
    onRequest: ({ id, worker, target }) => {
      const [fields, part] = words[target] ?? [[], {}];
      worker.head(id, 200, fields);
      worker.send(12, id, JSON.stringify(part), 1);
    },
  });
  const client = await StrictConnection.open(gateway.target);
  assert.equal((await client.get('/all')).body === content.toString('latin1'), true);
  const part = await client.get('/part');
  assert.equal(part.body, content.toString('latin1', mebi, mebi + 10));
  assert.equal((await client.get('/beyond')).body, '');
  assert.equal((await client.get('/short')).status, 500);
  assert.equal((await client.get('/gone')).status, 500);
  client.write('HEAD /all HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await waitFor('the words', () => done.length === 6);
  client.close();
});
