import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl, failureOf, waitForStatus } from '../helpers/control.ts';
import { isAlive } from '../helpers/processes.ts';
import { type StartOptions, startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, StrictConnection } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

/** Answers with its pid; hangs where it is told to. */
const app = `export default (req, res) => {
  if (req.url.startsWith('/never')) return;
  if (req.url === '/block') for (;;);
  res.end(String(process.pid));
};
`;

async function start(t: TestContext, args: string[] = ['-w', '3'], options: StartOptions = {}) {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': app });
  const tsgun = await startTsgun(t, [...args, 'app.js'], { cwd, ...options });
  const control = await connectControl(t, tsgun);
  return { cwd, tsgun, control, target: { port: tsgun.port } };
}

const pidIn = async (control: ControlClient, slot: number): Promise<number> =>
  (await control.call('workers', {})).find((worker) => worker.slot === slot)?.pid ?? 0;

const outcomes = (workers: readonly { slot: number; outcome: string }[]) =>
  workers.map(({ slot, outcome }) => `${slot} ${outcome}`).toSorted();

test('hello, ping and status tell who answers and how it is', async (t) => {
  const { tsgun, control } = await start(t);
  const hello = await control.call('hello', { client: 'test 1' });
  assert.deepEqual(
    [hello.name, hello.instance, hello.pid, hello.role],
    ['tsgun', 'app', tsgun.pid, 'admin'],
  );
  assert.equal((await control.call('ping', {})).pid, tsgun.pid);
  const status = await control.call('status', {});
  assert.deepEqual(
    [status.instance, status.app, status.pid, status.mode, status.generation, status.degraded],
    ['app', 'app.js', tsgun.pid, 'serving', 1, false],
  );
  assert.deepEqual(status.workers, {
    wanted: 3,
    ready: 3,
    booting: 0,
    draining: 0,
    degraded: 0,
    parked: 0,
  });
  assert.equal(status.listeners[0]?.url, `http://127.0.0.1:${tsgun.port}`);
  assert.ok(status.memory.workersBytes > status.memory.arbiterBytes);
});

test('workers, listeners, requests and stats count what there is', async (t) => {
  const { tsgun, control, target } = await start(t);
  const held = await StrictConnection.open(target);
  t.after(() => held.close());
  held.write('GET /never?token=s3cret HTTP/1.1\r\nHost: test\r\n\r\n');
  for (let count = 0; count < 5; count += 1) await fetchOnce(target);
  const list = await control.call('workers', {});
  assert.deepEqual(
    list.map(({ slot, phase, kind }) => [slot, phase, kind]),
    [0, 1, 2].map((slot) => [slot, 'ready', 'node']),
  );
  assert.deepEqual(list.map(({ pid }) => pid).toSorted(), tsgun.workers().toSorted());
  const { requests } = await waitFor('the request', async () => {
    const answer = await control.call('requests', {});
    return answer.requests.length > 0 ? answer : null;
  });
  assert.deepEqual(
    requests.map(({ method, path: of }) => [method, of]),
    [['GET', '/never']],
  );
  assert.deepEqual((await control.call('requests', { olderThan: 60 })).requests, []);
  assert.equal((await control.call('listeners', {}))[0]?.shared, true);
  await waitFor('the beats', async () => (await control.call('stats', {})).traffic.requests >= 5);
  assert.equal((await control.call('stats', {})).workers.started, 3);
});

test('scale answers when the workers serve or have left, and tells what became of each', async (t) => {
  const { control } = await start(t);
  const told: string[] = [];
  control.on('progress', ({ phase, seq }) => told.push(`${seq} ${phase}`));
  const up = await control.call('scale', { workers: '+2' });
  assert.deepEqual([up.from, up.to, up.changed], [3, 5, true]);
  assert.deepEqual(outcomes(up.workers), ['3 ready', '4 ready']);
  assert.equal(told[0], '1 started');
  assert.equal((await control.call('status', {})).workers.ready, 5);
  const down = await control.call('scale', { workers: '1' });
  assert.deepEqual([down.from, down.to], [5, 1]);
  assert.deepEqual(outcomes(down.workers), ['1 left', '2 left', '3 left', '4 left']);
  assert.equal((await control.call('workers', {})).length, 1);
  assert.equal((await control.call('scale', { workers: '1' })).changed, false);
  assert.equal(
    (await failureOf(control.request('scale', { workers: 'many' }))).code,
    'TSGUN_E_USAGE',
  );
});

test('reload brings in new code, and tells settings and workers that are different', async (t) => {
  const { cwd, control, target } = await start(t);
  writeFiles(cwd, { 'app.js': helloApp('new') });
  const done = await control.call('reload', { reason: 'release 1.4' });
  assert.deepEqual([done.outcome, done.generation, done.previous], ['done', 2, 1]);
  assert.equal(done.workers.filter(({ outcome }) => outcome === 'ready').length, 3);
  assert.equal(done.workers.filter(({ outcome }) => outcome === 'left').length, 3);
  assert.equal((await fetchOnce(target)).body, 'new');
  const { lastReload } = await control.call('status', {});
  assert.deepEqual([lastReload?.outcome, lastReload?.reason], ['done', 'release 1.4']);
  const late = await failureOf(control.call('reload', { ifGeneration: 1 }));
  assert.deepEqual([late.code, late.controlExitCode], ['TSGUN_E_CONFLICT', 6]);
});

test('a dry run finds out what a reload would, and changes nothing', async (t) => {
  const { cwd, tsgun, control } = await start(t);
  const before = tsgun.workers();
  const good = await control.call('reload', { dryRun: true });
  assert.deepEqual([good.outcome, good.generation], ['dry-run', 1]);
  writeFiles(cwd, { 'app.js': 'throw new Error("not today");' });
  const bad = await failureOf(control.call('reload', { dryRun: true }));
  assert.equal(bad.code, 'TSGUN_E_OPERATION');
  assert.match(bad.message, /Dry run failed: Error: not today\n\s+at .*app\.js/);
  const late = await failureOf(control.call('reload', { dryRun: true, ifGeneration: 7 }));
  assert.equal(late.code, 'TSGUN_E_CONFLICT');
  assert.deepEqual(tsgun.workers(), before);
  assert.equal((await control.call('status', {})).generation, 1);
});

test('recycle replaces one worker or all of them, and nothing that is not there', async (t) => {
  const { tsgun, control } = await start(t);
  const before = tsgun.workers();
  const one = await control.call('recycle', { slot: 1 });
  assert.deepEqual(outcomes(one.workers), ['1 left', '1 ready']);
  assert.equal(tsgun.workers().filter((pid) => before.includes(pid)).length, 2);
  await control.call('recycle', { all: true });
  assert.deepEqual(
    tsgun.workers().filter((pid) => before.includes(pid)),
    [],
  );
  assert.equal((await failureOf(control.call('recycle', { slot: 9 }))).code, 'TSGUN_E_OPERATION');
  assert.equal((await failureOf(control.call('recycle', {}))).code, 'TSGUN_E_USAGE');
  const both = control.call('recycle', { slot: 0, all: true });
  assert.equal((await failureOf(both)).code, 'TSGUN_E_USAGE');
});

test('drain takes a worker out of rotation and undrain puts it back', async (t) => {
  const { control, target } = await start(t, ['-w', '2']);
  const [first, second] = await control.call('workers', {});
  assert.deepEqual(outcomes((await control.call('drain', { slot: 0 })).workers), ['0 parked']);
  assert.equal((await control.call('workers', {}))[0]?.phase, 'drained');
  for (let count = 0; count < 10; count += 1)
    assert.equal((await fetchOnce(target)).body, String(second?.pid));
  const last = await failureOf(control.call('drain', { slot: 1 }));
  assert.deepEqual(
    [last.code, last.message],
    ['TSGUN_E_CONFLICT', 'Cannot drain: it is the only worker in rotation'],
  );
  assert.deepEqual(outcomes((await control.call('drain', { slot: 0 })).workers), ['0 unchanged']);
  assert.deepEqual(outcomes((await control.call('undrain', { slot: 0 })).workers), ['0 returned']);
  await waitFor('it to serve', async () => (await fetchOnce(target)).body === String(first?.pid));
  assert.equal((await failureOf(control.call('undrain', { slot: 9 }))).code, 'TSGUN_E_OPERATION');
});

test('kill ends a worker by any signal, and another one takes its place', async (t) => {
  const { tsgun, control } = await start(t, ['-w', '2']);
  for (const signal of ['KILL', 'TERM', 'QUIT', 'INT', 'ABRT'] as const) {
    const [before] = await control.call('workers', {});
    const { workers } = await control.call('kill', { slot: 0, signal });
    assert.deepEqual(outcomes(workers), ['0 left'], signal);
    assert.ok(!isAlive(before?.pid ?? 0), signal);
    await waitForStatus('two workers', control, (status) => status.workers.ready === 2);
  }
  assert.deepEqual(await control.call('why', {}), [], 'nobody died who was not asked to');
  assert.equal((await control.call('why', { all: true })).length, 5);
  assert.equal((await failureOf(control.call('kill', { slot: 7 }))).code, 'TSGUN_E_OPERATION');
  assert.equal(tsgun.workers().length, 2);
});

test('dump takes the stack of a worker in a loop without harm to it', async (t) => {
  const { control, target } = await start(t, ['-w', '1']);
  const blocked = await StrictConnection.open(target);
  t.after(() => blocked.close());
  const idle = await control.call('dump', { slot: 0 });
  assert.match(idle.stack, /idle/);
  blocked.write('GET /block HTTP/1.1\r\nHost: test\r\n\r\n');
  const { stack, inFlight } = await waitFor('the loop', async () => {
    const dump = await control.call('dump', { slot: 0 });
    return dump.stack.includes('app.js') ? dump : null;
  });
  assert.match(stack, /app\.js:3/);
  assert.match(inFlight.join(), /^GET \/block for \d+ ms$/);
  assert.equal((await control.call('status', {})).workers.ready, 1);
  assert.equal((await failureOf(control.call('dump', { slot: 4 }))).code, 'TSGUN_E_OPERATION');
});

test('why tells what a worker died of', async (t) => {
  const { control } = await start(t, ['-w', '2']);
  const pid = await pidIn(control, 0);
  process.kill(pid, 'SIGSEGV');
  const [death] = await waitFor('its death', async () => {
    const deaths = await control.call('why', { slot: 0 });
    return deaths.length > 0 ? deaths : null;
  });
  assert.deepEqual(
    [death?.pid, death?.reason, death?.signal, death?.code],
    [pid, 'crashed', 'SIGSEGV', null],
  );
  assert.deepEqual(await control.call('why', { slot: 1 }), []);
});

test('hold keeps failed workers from being started, resume starts them', async (t) => {
  const { control } = await start(t, ['-w', '2']);
  assert.deepEqual(await control.call('hold', {}), { op: 1, held: true, changed: true });
  const pid = await pidIn(control, 0);
  process.kill(pid, 'SIGKILL');
  const status = await waitForStatus('its death', control, ({ workers }) => workers.ready === 1);
  assert.deepEqual([status.held, status.degraded, status.workers.degraded], [true, true, 1]);
  assert.deepEqual(await control.call('resume', {}), { op: 2, held: false, changed: true });
  await waitForStatus('its successor', control, ({ workers }) => workers.ready === 2);
});

test('pause lets connections wait in the backlog, unpause serves them', async (t) => {
  const { control, target } = await start(t, ['-w', '2']);
  assert.equal((await control.call('pause', {})).changed, true);
  const answers = Array.from({ length: 5 }, () => fetchOnce(target));
  await waitFor('them to wait', async () => {
    const [listener] = await control.call('listeners', {});
    return (listener?.queued ?? 0) >= 5;
  });
  assert.equal((await control.call('status', {})).paused, true);
  assert.equal((await control.call('pause', {})).changed, false);
  assert.equal((await control.call('unpause', {})).changed, true);
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, 200);
});

test('reopen opens the logs again and names them', async (t) => {
  const { cwd, control, target } = await start(t, ['-w', '1', '--access-logfile', 'access.log']);
  const log = path.join(cwd, 'access.log');
  await fetchOnce(target);
  await waitFor('the first line', () => readFileSync(log, 'utf8') !== '');
  renameSync(log, `${log}.1`);
  assert.deepEqual(await control.call('reopen', {}), { op: 1, files: [log] });
  await fetchOnce(target);
  await waitFor('the next line', () => readFileSync(log, 'utf8') !== '');
});

test('set changes a live setting, and a reload brings it back', async (t) => {
  const { control } = await start(t, ['-w', '1', '-e', 'TOKEN=s3cret']);
  const set = await control.call('set', { name: 'max_memory', value: '900MiB' });
  assert.deepEqual([set.from, set.to, set.changed], [0, 900 * 2 ** 20, true]);
  const [setting] = await control.call('config', { name: 'max-memory' });
  assert.deepEqual([setting?.value, setting?.origin], [900 * 2 ** 20, 'set by uid 0']);
  await control.call('reload', {});
  assert.equal((await control.call('config', { name: 'max_memory' }))[0]?.value, 0);
  for (const [name, value] of [
    ['workers', '3'],
    ['loglevel', 'loud'],
    ['wokers', '1'],
  ] as const)
    assert.equal((await failureOf(control.call('set', { name, value }))).code, 'TSGUN_E_USAGE');
});

test('stop, graceful and quick, answers before the program is gone', async (t) => {
  for (const quick of [false, true]) {
    const { tsgun, control } = await start(t, ['-w', '2']);
    const { how, workers } = await control.call('stop', { quick });
    assert.equal(how, quick ? 'quick' : 'graceful');
    assert.deepEqual(outcomes(workers), ['0 left', '1 left']);
    await control.closed;
    assert.equal((await tsgun.exited).code, 0);
  }
});

test('stop of an instance without workers answers as well', async (t) => {
  const { tsgun, control } = await start(t, ['-w', '1']);
  await control.call('scale', { workers: '0' });
  assert.equal((await control.call('stop', {})).how, 'graceful');
  assert.equal((await tsgun.exited).code, 0);
});

test('abort, confirm and rollback without anything under way are conflicts', async (t) => {
  const { control } = await start(t, ['-w', '1']);
  for (const method of ['abort', 'confirm', 'rollback'] as const) {
    const error = await failureOf(control.call(method, {}));
    assert.deepEqual([error.code, error.controlExitCode], ['TSGUN_E_CONFLICT', 6], method);
  }
  const unknown = await failureOf(control.call('wait', { operation: 'op:99' }));
  assert.deepEqual(
    [unknown.code, unknown.message],
    ['TSGUN_E_OPERATION', 'There is no operation op:99'],
  );
});
