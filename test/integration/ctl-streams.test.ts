import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeCall } from '../helpers/fake-instance.ts';
import { FakeInstance, startFake } from '../helpers/fake-instance.ts';
import { runCtl, startCtl } from '../helpers/run-ctl.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const event = (seq: number) => ({
  seq,
  at: Date.UTC(2026, 10, 21, 9, 5, 20),
  type: 'worker-exited',
  text: `event ${seq}`,
  detail: null,
});

/** Remembers `count` events, of which the first are forgotten. */
const remember =
  (count: number, epoch = 'a', forgotten = 0) =>
  ({ params, notify }: FakeCall) => {
    const known = params['epoch'] === undefined || params['epoch'] === epoch;
    const tail = params['tail'] as number | undefined;
    const since = known ? ((params['since'] as number | undefined) ?? count) : count;
    const after = Math.max(forgotten, tail === undefined ? since : count - tail);
    setImmediate(() => {
      for (let seq = after + 1; seq <= count; seq += 1) notify('event', event(seq));
    });
    return { topic: 'events', epoch, seq: after, lost: Math.max(0, forgotten - since) };
  };

const unsubscribe = () => ({ topic: 'events', subscribed: true });
const numbers = (text: string) => [...text.matchAll(/event (\d+)/g)].map(([, n]) => Number(n));

test('events prints what is remembered and ends', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  await startFake(t, dir, 'web', { subscribe: remember(5), unsubscribe });
  const all = await runCtl(t, ['events'], env);
  assert.equal(all.code, 0);
  assert.equal(all.stdout.split('\n')[0], '2026-11-21 09:05:20  1  worker-exited     event 1');
  assert.deepEqual(numbers(all.stdout), [1, 2, 3, 4, 5]);
  assert.deepEqual(numbers((await runCtl(t, ['events', '-n', '2'], env)).stdout), [4, 5]);
  assert.deepEqual(numbers((await runCtl(t, ['events', '--since', '3'], env)).stdout), [4, 5]);
  const json = JSON.parse((await runCtl(t, ['events', '-n1', '-o', 'json'], env)).stdout);
  assert.deepEqual(json.data, [event(5)]);
  assert.equal((await runCtl(t, ['events', '-n', '1', '--since', '1'], env)).code, 2);
  assert.equal((await runCtl(t, ['events', '-f', '-o', 'json'], env)).code, 2);
});

test('events says how many are not remembered any more', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { subscribe: remember(20, 'a', 15), unsubscribe });
  const { stdout, stderr } = await runCtl(t, ['events', '--since', '3'], { TSGUN_RUN_DIR: dir });
  assert.deepEqual(numbers(stdout), [16, 17, 18, 19, 20]);
  assert.equal(stderr, '-- lost 12 events --\n');
});

test('events -f goes on where it was when the connection is lost', async (t) => {
  const dir = makeTempDir(t);
  let count = 3;
  const fake = await startFake(t, dir, 'web', { subscribe: (call) => remember(count)(call) });
  const ctl = startCtl(t, ['events', '-f', '-o', 'jsonl'], { TSGUN_RUN_DIR: dir });
  await ctl.waitForOutput(/event 3/);
  count = 5;
  fake.cutAll();
  await ctl.waitForOutput(/event 5/);
  fake.broadcast('event', event(5));
  fake.broadcast('event', event(6));
  await ctl.waitForOutput(/event 6/);
  ctl.process.kill('SIGINT');
  const { code, stdout, stderr } = await ctl.ended;
  assert.equal(code, 130);
  assert.deepEqual(numbers(stdout), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(fake.called('subscribe')[1], { topic: 'events', since: 3, epoch: 'a' });
  assert.equal(stderr, '-- the connection was lost, waiting for the instance --\n');
});

test('events -f shows all of a new instance behind the same socket', async (t) => {
  const dir = makeTempDir(t);
  const old = await startFake(t, dir, 'web', { subscribe: remember(30) });
  const ctl = startCtl(t, ['events', '-f', '-n', '1'], { TSGUN_RUN_DIR: dir });
  await ctl.waitForOutput(/event 30/);
  await old.close();
  const successor = new FakeInstance(old.socketPath, { subscribe: remember(2, 'b') });
  await successor.listen();
  t.after(() => successor.close());
  await ctl.waitForOutput(/event 2$/m);
  assert.deepEqual(numbers(ctl.stdout), [30, 1, 2]);
  assert.match(ctl.stderr, /^-- the instance was restarted --$/m);
});

test('events -f asks again when it was dropped for being slow', async (t) => {
  const dir = makeTempDir(t);
  let forgotten = 0;
  const subscribe = (call: FakeCall) => remember(12, 'a', forgotten)(call);
  const fake = await startFake(t, dir, 'web', { subscribe });
  const ctl = startCtl(t, ['events', '-f', '-n', '10'], { TSGUN_RUN_DIR: dir });
  await ctl.waitForOutput(/event 12/);
  forgotten = 15;
  fake.broadcast('dropped', { topic: 'events', reason: 'too slow', seq: 12 });
  await ctl.waitForOutput(/-- lost 3 events --/);
});

test('a stream ends with 0 when nobody reads it any more', async (t) => {
  const dir = makeTempDir(t);
  const fake = await startFake(t, dir, 'web', { subscribe: remember(3) });
  const ctl = startCtl(t, ['events', '-f'], { TSGUN_RUN_DIR: dir });
  await ctl.waitForOutput(/event 3/);
  ctl.process.stdout?.destroy();
  fake.broadcast('event', event(4));
  const { code, stderr } = await ctl.ended;
  assert.deepEqual([code, stderr], [0, '']);
});

test('logs asks for a level and shows lines as the error log has them', async (t) => {
  const dir = makeTempDir(t);
  const record = {
    seq: 9,
    at: Date.UTC(2026, 10, 21, 9, 5, 20),
    level: 'error',
    pid: 77,
    slot: 1,
    message: 'boom\n  at x\u001b[31m',
  };
  const fake = await startFake(t, dir, 'web', {
    subscribe: ({ notify }) => {
      setImmediate(() => notify('log', record));
      return { topic: 'log', epoch: 'a', seq: 8, lost: 0 };
    },
    unsubscribe: () => ({ topic: 'log', subscribed: true }),
  });
  const { stdout } = await runCtl(t, ['logs', '--level', 'error', '-n', '7'], {
    TSGUN_RUN_DIR: dir,
  });
  assert.equal(stdout, '[2026-11-21 09:05:20] [77] [ERROR] boom\n    at x\\x1b[31m\n');
  assert.deepEqual(fake.called('subscribe'), [{ topic: 'log', tail: 7, level: 'error' }]);
  await waitFor('the unsubscription', () => fake.called('unsubscribe').length === 1);
});
