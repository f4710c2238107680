import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusView } from '../../src/protocol/control/views.ts';
import { startFake } from '../helpers/fake-instance.ts';
import { runCtl, startCtl } from '../helpers/run-ctl.ts';
import { sampleStatus } from '../helpers/sample-views.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const subscribe = () => ({ topic: 'events', epoch: 'a', seq: 0, lost: 0 });
const booting = { wanted: 4, ready: 0, booting: 4, draining: 0, degraded: 0, parked: 0 };

test('wait ready and wait generation=N look again when something happens', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  let status: StatusView = sampleStatus({ mode: 'starting', workers: booting });
  const fake = await startFake(t, dir, 'web', { subscribe, status: () => status });
  const ready = startCtl(t, ['wait', 'ready'], env);
  const fourth = startCtl(t, ['wait', 'generation=4'], env);
  await waitFor('both to look', () => fake.called('status').length >= 2);
  status = sampleStatus();
  fake.broadcast('event', { seq: 1, at: 0, type: 'serving', text: '', detail: null });
  // Without the event it would look again only after five seconds.
  await waitFor('the end', () => ready.process.exitCode !== null, 4000);
  const first = await ready.ended;
  assert.equal(first.code, 0);
  assert.equal(first.stdout, 'web is ready: 4 of 4 workers ready, generation 3\n');
  assert.equal(fourth.process.exitCode, null);
  status = sampleStatus({ generation: 4 });
  fake.broadcast('event', { seq: 2, at: 0, type: 'reload-done', text: '', detail: null });
  assert.equal((await fourth.ended).code, 0);
  assert.ok(fake.called('status').length < 12, 'nothing polls');
});

test('wait healthy gives up with 10 while degraded, and with 5 otherwise', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  let status = sampleStatus({ degraded: true });
  await startFake(t, dir, 'web', { subscribe, status: () => status });
  const degraded = await runCtl(t, ['wait', 'healthy', '--timeout', '200ms'], env);
  assert.equal(degraded.code, 10);
  assert.match(
    degraded.stderr,
    /^tsgunctl: Not healthy within 200ms: web is degraded, generation 3\n/,
  );
  status = sampleStatus({ mode: 'reloading' });
  const busy = await runCtl(t, ['wait', 'healthy', '--timeout', '200ms', '-o', 'json'], env);
  assert.equal(busy.code, 5);
  assert.equal(JSON.parse(busy.stdout).data.status.mode, 'reloading');
  status = sampleStatus();
  assert.equal((await runCtl(t, ['wait', 'healthy'], env)).code, 0);
});

test('wait stopped ends with the instance, and at once when there is none', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  assert.equal((await runCtl(t, ['wait', 'stopped'], env)).code, 0, 'nobody has to be named');
  const fake = await startFake(t, dir, 'web', { subscribe });
  const ctl = startCtl(t, ['-i', 'web', 'wait', 'stopped'], env);
  await waitFor('it to look', () => fake.called('status').length > 0);
  fake.cutAll();
  await waitFor('it to come back', () => fake.called('status').length > 1);
  await fake.close();
  const { code, stdout } = await ctl.ended;
  assert.deepEqual([code, stdout], [0, 'It does not run\n']);
  assert.equal((await runCtl(t, ['-i', 'web', 'wait', 'stopped'], env)).code, 0);
});

test('wait ready waits for an instance that is still to come, when it is named', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  assert.equal((await runCtl(t, ['wait', 'ready'], env)).code, 3);
  const ctl = startCtl(t, ['-i', 'web', 'wait', 'ready', '--timeout', '20s'], env);
  await startFake(t, dir, 'web', { subscribe });
  assert.equal((await ctl.ended).code, 0);
  const never = await runCtl(t, ['-i', 'api', 'wait', 'ready', '--timeout', '300ms'], env);
  assert.equal(never.code, 5);
});

test('wait refuses what is no condition', async (t) => {
  for (const word of ['redy', 'generation=0', 'op:x', 'constructor', '']) {
    assert.equal((await runCtl(t, ['wait', word])).code, 2, word);
  }
});
