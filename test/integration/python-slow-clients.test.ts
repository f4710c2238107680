import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsPython } from '../helpers/python.ts';
import { startTsgunPython } from '../helpers/python-server.ts';
import { get } from '../helpers/raw-request.ts';
import { StrictConnection, type Target } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';

const crowd = 100;
const bodySize = 100 * 1024;

for (const kind of ['sync', 'asgi'] as const) {
  const app = kind === 'asgi' ? 'asgi_suite:app' : 'wsgi_suite:app';
  test(`slow clients hold up no fast one, ${kind}`, { skip: needsPython() }, async (t) => {
    const args = ['--worker-connections', '1000'];
    const tsgun = await startTsgunPython(t, kind, app, { ours: ['-w', '2'], args });
    const target = { port: tsgun.port };
    const uploaders = await Promise.all(Array.from({ length: crowd }, () => upload(target)));
    const readers = await Promise.all(Array.from({ length: crowd }, () => read(target)));
    // Behind them in the queue; then the workers have nothing to do any more.
    await get(target, '/');
    const times: number[] = [];
    for (let count = 0; count < 200; count += 1) {
      const begun = performance.now();
      assert.equal((await get(target, '/')).body, 'hello');
      times.push(performance.now() - begun);
    }
    const worst = Math.max(...times);
    assert.ok(worst < 1000, `a fast client waited ${worst} ms`);
    // And nobody was forgotten.
    for (const uploader of uploaders) uploader.write('x'.repeat(bodySize - 1024));
    for (const uploader of uploaders) {
      assert.equal((await uploader.answer()).body.length, bodySize);
      uploader.close();
    }
    for (const reader of readers) reader.resume();
    for (const reader of readers) {
      assert.equal((await reader.answer()).body.length, 4 << 20);
      reader.close();
    }
    assert.equal(await tsgun.stop(), 0);
  });
}

test('a worker is free while its answer waits for a slow client', {
  skip: needsPython(),
}, async (t) => {
  const tsgun = await startTsgunPython(t, 'sync', 'wsgi_suite:app');
  const target = { port: tsgun.port };
  const reader = await StrictConnection.open(target);
  reader.pause();
  reader.write('GET /big?32 HTTP/1.1\r\nHost: a\r\n\r\n');
  await waitFor('the one worker to be free', async () => {
    const begun = performance.now();
    await get(target, '/');
    return performance.now() - begun < 100;
  });
  reader.resume();
  assert.equal((await reader.answer()).body.length, 32 << 20);
  reader.close();
});

/** A kilobyte of its body has come, and no more for now. */
async function upload(target: Target): Promise<StrictConnection> {
  const connection = await StrictConnection.open(target);
  connection.write(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${bodySize}\r\n\r\n`);
  connection.write('x'.repeat(1024));
  return connection;
}

/** Asks for more than all buffers of the kernel hold, and reads nothing. */
async function read(target: Target): Promise<StrictConnection> {
  const connection = await StrictConnection.open(target);
  connection.pause();
  connection.write('GET /big?4 HTTP/1.1\r\nHost: a\r\n\r\n');
  return connection;
}
