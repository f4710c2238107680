import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { hammer, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const slowApp = `
  export default (req, res) => {
    if (req.url !== '/slow') return res.end('fast');
    res.write('begun ');
    setTimeout(() => res.end('finished'), 600);
  };
`;

test('TERM with idle keep-alive clients ends in less than a second', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hi') });
  const args = ['-w', '2', '--keepalive', '60', 'app.js'];
  const tsgun = await startTsgun(t, args, { cwd: dir });
  const idle = await Promise.all(
    Array.from({ length: 20 }, () => StrictConnection.open({ port: tsgun.port })),
  );
  for (const connection of idle) assert.equal((await connection.get()).body, 'hi');
  const silent = await StrictConnection.open({ port: tsgun.port });
  const begun = performance.now();
  assert.equal(await tsgun.stop(), 0);
  const took = performance.now() - begun;
  for (const connection of [...idle, silent]) connection.close();
  assert.ok(took < 1000, `took ${took} ms`);
});

test('TERM finishes what is in flight and refuses what is new', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': slowApp });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd: dir });
  const { port } = tsgun;
  const slow = await StrictConnection.open({ port });
  const answer = slow.get('/slow');
  await waitFor('the request to be in flight', () => slow.received > 0);
  tsgun.signal('SIGTERM');
  await waitFor('the listener to be gone', async () => {
    try {
      (await StrictConnection.open({ port })).close();
      return false;
    } catch (error) {
      return /ECONNREFUSED/.test(String(error));
    }
  });
  const { body, headers } = await answer;
  assert.equal(body, 'begun finished');
  assert.ok(headers);
  assert.equal((await tsgun.exited).code, 0);
});

test('TERM under new-connection load answers every connection that was taken', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'app.js': helloApp('hi') });
  for (let round = 0; round < 5; round += 1) {
    const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd: dir });
    const target = { port: tsgun.port };
    const clients = hammer(t, { target, connections: 8, keepAlive: false });
    await waitFor('load', () => clients.answered > 500);
    assert.equal(await tsgun.stop(), 0);
    await clients.stop();
    const lost = clients.failures.filter((failure) => !/connect: .*ECONNREFUSED/.test(failure));
    assert.deepEqual(lost, []);
  }
});

test('graceful_timeout cuts a request that does not end', async (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'app.js': 'export default (req, res) => res.write("a");',
  });
  const tsgun = await startTsgun(t, ['--graceful-timeout', '1', 'app.js'], { cwd: dir });
  const stuck = await StrictConnection.open({ port: tsgun.port });
  const answer = assert.rejects(stuck.get());
  await waitFor('the request to be in flight', () => stuck.received > 0);
  assert.equal(await tsgun.stop(), 0);
  await answer;
});

for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
  test(`${signal} does not wait for what is in flight`, async (t) => {
    const dir = writeFiles(makeTempDir(t), {
      'app.js': 'export default (req, res) => res.write("a");',
    });
    const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd: dir });
    const stuck = await StrictConnection.open({ port: tsgun.port });
    const answer = assert.rejects(stuck.get());
    await waitFor('the request to be in flight', () => stuck.received > 0);
    const begun = performance.now();
    tsgun.signal(signal);
    assert.equal((await tsgun.exited).code, 0);
    assert.ok(performance.now() - begun < 3000);
    await answer;
  });
}
