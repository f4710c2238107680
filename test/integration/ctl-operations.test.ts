import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, fail, progress, silence, startFake } from '../helpers/fake-instance.ts';
import { runCtl, startCtl } from '../helpers/run-ctl.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** Tells that it has begun, and then does as it is told. */
const begin =
  (op: number, method: string, then: Answer): Answer =>
  (call) => {
    call.notify('progress', progress(op, method));
    return then(call);
  };

const scaled = { op: 17, from: 4, to: 6, changed: true, workers: [] };

test('an operation waits for its outcome and tells progress only where it is wanted', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  const fake = await startFake(t, dir, 'web', { scale: begin(17, 'scale', () => scaled) });
  const quiet = await runCtl(t, ['scale', '+2'], env);
  assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, 'Workers: 4 -> 6\n', '']);
  assert.deepEqual(fake.called('scale'), [{ workers: '+2' }]);
  const verbose = await runCtl(t, ['-v', 'scale', '-1'], env);
  assert.equal(verbose.stderr, 'op:17 scale, started: it begins\n');
  const json = JSON.parse((await runCtl(t, ['decr', '-o', 'json'], env)).stdout);
  assert.deepEqual([json.ok, json.op, json.data], [true, 17, scaled]);
  assert.deepEqual(
    fake.called('scale').map(({ workers }) => workers),
    ['+2', '-1', '-1'],
  );
});

test('--no-wait prints the id once it is known', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  await startFake(t, dir, 'web', {
    reload: begin(21, 'reload', silence),
    confirm: () => {
      throw fail('TSGUN_E_CONFLICT', 'Nothing waits to be confirmed');
    },
  });
  const accepted = await runCtl(t, ['reload', '--no-wait'], env);
  assert.deepEqual([accepted.code, accepted.stdout], [0, 'op:21\n']);
  const json = JSON.parse((await runCtl(t, ['reload', '--no-wait', '-o', 'json'], env)).stdout);
  assert.deepEqual([json.op, json.data], [21, { op: 21 }]);
  const refused = await runCtl(t, ['confirm', '--no-wait'], env);
  assert.deepEqual([refused.code, refused.stdout], [6, '']);
});

test('--timeout leaves an operation that goes on, and says how to follow it', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  await startFake(t, dir, 'web', { reload: begin(21, 'reload', silence) });
  const { code, stderr } = await runCtl(t, ['-i', 'web', 'reload', '--timeout', '200ms'], env);
  assert.equal(code, 5);
  assert.equal(
    stderr,
    'tsgunctl: Not done within 200ms, op:21 goes on\n' +
      '  follow with "tsgunctl -i web wait op:21", give up with "tsgunctl -i web abort"\n',
  );
  const json = await runCtl(t, ['reload', '--timeout', '0.2', '-o', 'json'], env);
  const { op, error } = JSON.parse(json.stdout);
  assert.deepEqual([op, error.code, error.exit], [21, 'TSGUN_E_TIMEOUT', 5]);
});

test('Ctrl-C leaves an operation that goes on', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { reload: begin(21, 'reload', silence) });
  const ctl = startCtl(t, ['reload', '-v'], { TSGUN_RUN_DIR: dir });
  await ctl.waitForOutput(/op:21 reload, started/);
  ctl.process.kill('SIGINT');
  const { code, stderr } = await ctl.ended;
  assert.equal(code, 130);
  assert.match(
    stderr,
    /^op:21 goes on; follow with "tsgunctl wait op:21", give up with "tsgunctl abort"$/m,
  );
});

test('a failed reload prints the boot error with the traceback of the app', async (t) => {
  const dir = makeTempDir(t);
  const message = 'The new generation did not boot: Cannot find module "./db"\n    at app.js:3:1';
  const workers = [{ slot: 2, pid: 7, generation: 4, outcome: 'failed', detail: 'exit code 1' }];
  await startFake(t, dir, 'web', {
    reload: begin(21, 'reload', async () => {
      await delay(5);
      throw fail('TSGUN_E_APP_LOAD', message, { op: 21, workers });
    }),
  });
  const { code, stdout, stderr } = await runCtl(t, ['reload'], { TSGUN_RUN_DIR: dir });
  assert.deepEqual([code, stdout], [1, '']);
  assert.equal(
    stderr,
    `tsgunctl: ${message}\n  worker 2: exit code 1\n  "tsgunctl why 2" tells more\n`,
  );
});

test('a connection that is lost during an operation leaves the outcome unknown', async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { reload: begin(21, 'reload', ({ cut }) => cut()) });
  const { code, stderr } = await runCtl(t, ['reload'], { TSGUN_RUN_DIR: dir });
  assert.equal(code, 7);
  assert.match(stderr, /connection to the instance was lost\n {2}it may go on .*wait op:21/);
});

test('stop succeeds although the connection ends after its answer', async (t) => {
  const dir = makeTempDir(t);
  const fake = await startFake(t, dir, 'web', {
    stop: begin(30, 'stop', () => {
      setImmediate(() => fake.cutAll());
      return { op: 30, how: 'graceful', workers: [] };
    }),
  });
  const { code, stdout } = await runCtl(t, ['quit', '--quick'], { TSGUN_RUN_DIR: dir });
  assert.deepEqual([code, stdout], [0, 'Stopped\n']);
  assert.deepEqual(fake.called('stop'), [{ quick: true }]);
});

test('wait joins an operation and ends as it does', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  const fake = await startFake(t, dir, 'web', {
    wait: (call) => {
      if (call.params['operation'] === 'op:18') throw fail('TSGUN_E_OPERATION', 'It failed');
      return begin(17, 'scale', () => scaled)(call);
    },
  });
  const done = await runCtl(t, ['wait', 'op:17'], env);
  assert.deepEqual([done.code, done.stdout], [0, 'Workers: 4 -> 6\n']);
  assert.equal((await runCtl(t, ['wait', '18'], env)).code, 1);
  assert.deepEqual(fake.called('wait'), [{ operation: 'op:17' }, { operation: 'op:18' }]);
});

test('an operation does not begin when its result could not be printed', async (t) => {
  const dir = makeTempDir(t);
  const env = { TSGUN_RUN_DIR: dir };
  const fake = await startFake(t, dir, 'web', { scale: begin(17, 'scale', () => scaled) });
  const wrong = await runCtl(t, ['scale', '4', '--field', 'nope'], env);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /the result has no "nope", it has op, from, to, changed, workers\n/);
  assert.equal((await runCtl(t, ['scale', '4', '--fields', 'from'], env)).code, 2);
  assert.deepEqual(fake.called('scale'), []);
  assert.equal((await runCtl(t, ['scale', '4', '--field', 'to'], env)).stdout, '6\n');
});

test('what an instance says before it hangs up is the reason', async (t) => {
  const dir = makeTempDir(t);
  const socketPath = `${dir}/x.sock`;
  const refusal = { code: -32_013, message: 'You may not', data: { code: 'TSGUN_E_DENIED' } };
  let answer = `${JSON.stringify({ jsonrpc: '2.0', id: null, error: refusal })}\n`;
  const server = createServer((socket) => socket.end(answer)).listen(socketPath);
  t.after(() => server.close());
  const denied = await runCtl(t, ['-s', socketPath, 'status']);
  assert.deepEqual([denied.code, denied.stderr], [4, 'tsgunctl: You may not\n']);
  answer = 'HTTP/1.1 400 Bad Request\r\n\r\n';
  const other = await runCtl(t, ['-s', socketPath, 'status']);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /^tsgunctl: Cannot understand what answers at ".*x\.sock"/);
});
