import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ControlClient } from '../../ctl/client.ts';
import type { EventView, ProgressView } from '../../src/protocol/control/views.ts';
import {
  connectControl,
  connectTo,
  controlPath,
  failureOf,
  waitForStatus,
} from '../helpers/control.ts';
import { isAlive } from '../helpers/processes.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

/** Boots when its file `go` is there, so that a test decides how long an operation takes. */
const waitingApp = `import { existsSync } from 'node:fs';
while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20));
${helloApp('new')}`;

async function start(t: TestContext) {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('old') });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd });
  writeFiles(cwd, { 'app.js': waitingApp });
  const control = await connectControl(t, tsgun);
  const other = await connectTo(t, controlPath(tsgun));
  return { cwd, tsgun, control, other, target: { port: tsgun.port } };
}

/** The id of what a caller is about to begin. */
const nextOperation = (control: ControlClient): Promise<number> =>
  new Promise((resolve) => control.on('progress', ({ op }) => resolve(op)));

test('a second reload is a conflict that names the first, and other callers go on', async (t) => {
  const { cwd, control, other } = await start(t);
  const op = nextOperation(control);
  const reload = control.call('reload', {});
  const error = await op.then((id) => failureOf(other.call('reload', {})).then((e) => ({ e, id })));
  assert.deepEqual([error.e.code, error.e.controlExitCode], ['TSGUN_E_CONFLICT', 6]);
  assert.equal(error.e.message, `Cannot reload: a reload is under way (op:${error.id})`);
  assert.equal((await failureOf(other.call('upgrade', {}))).code, 'TSGUN_E_CONFLICT');
  const { operations, mode } = await other.call('status', {});
  assert.equal(mode, 'reloading');
  assert.deepEqual(
    operations.map(({ op: id, method }) => [id, method]),
    [[error.id, 'reload']],
  );
  writeFiles(cwd, { go: '' });
  assert.equal((await reload).outcome, 'done');
  assert.deepEqual((await other.call('status', {})).operations, []);
});

test('an operation survives its caller, and others can wait for it while it runs and after', async (t) => {
  const { cwd, control, other, target } = await start(t);
  const started = nextOperation(control);
  void control.call('reload', { reason: 'release' }).catch(() => undefined);
  const op = await started;
  control.close();
  await control.closed;
  const told: ProgressView[] = [];
  other.on('progress', (progress) => told.push(progress));
  const joined = other.call('wait', { operation: `op:${op}` });
  await waitFor('its progress', () => told.length > 0);
  writeFiles(cwd, { go: '' });
  const result = (await joined) as { op: number; outcome: string };
  assert.deepEqual([result.op, result.outcome], [op, 'done']);
  assert.ok(told.length > 2);
  assert.ok(told.every((progress, index) => progress.seq === (told[0]?.seq ?? 0) + index));
  assert.deepEqual(await other.call('wait', { operation: String(op) }), result);
  assert.equal((await fetchOnce(target)).body, 'new');
});

test('abort by another caller fails the reload of the first, with its reason', async (t) => {
  const { control, other, target } = await start(t);
  const op = nextOperation(control);
  const reload = failureOf(control.call('reload', {}));
  await op;
  const { aborted, method } = await other.call('abort', { reason: 'wrong release' });
  assert.deepEqual([aborted, method], [await op, 'reload']);
  const error = await reload;
  assert.equal(error.code, 'TSGUN_E_OPERATION');
  assert.match(error.message, /generation 1 serves on: wrong release$/);
  assert.deepEqual(error.detail['op'], await op);
  const again = await failureOf(other.call('wait', { operation: `op:${aborted}` }));
  assert.deepEqual([again.code, again.message], [error.code, error.message]);
  assert.equal((await fetchOnce(target)).body, 'old');
});

test('a stop fails what else is under way, and tells those who wait', async (t) => {
  const { tsgun, control, other } = await start(t);
  const op = nextOperation(control);
  const reload = failureOf(control.call('reload', {}));
  await op;
  assert.equal((await other.call('stop', {})).how, 'graceful');
  assert.match((await reload).message, /The instance was stopped/);
  await Promise.all([control.closed, other.closed]);
  assert.equal((await tsgun.exited).code, 0);
});

/** A successor is nobody's child in the end, so the test ends it by its pid, and before the old one. */
function expectSuccessor(t: TestContext): (pid: number) => void {
  let pid: number | null = null;
  t.after(async () => {
    const one = pid;
    if (one === null) return;
    if (isAlive(one)) process.kill(one, 'SIGKILL');
    await waitFor('the successor to be gone', () => !isAlive(one));
  });
  return (known) => {
    pid = known;
  };
}

/** Connects to the program that has taken the path over. */
const connectToSuccessor = (t: TestContext, file: string, pid: number): Promise<ControlClient> =>
  waitFor('the successor to answer', async () => {
    const client = await connectTo(t, file).catch(() => null);
    return (await client?.call('ping', {}))?.pid === pid ? client : null;
  });

const waitForFile = `import { existsSync } from 'node:fs';
export default async (req, res) => {
  while (req.url === '/late' && !existsSync('go')) await new Promise((go) => setTimeout(go, 20));
  res.end('old');
};
`;

test('an upgrade answers its caller, and the path answers again, with events of a new epoch', async (t) => {
  const setSuccessor = expectSuccessor(t);
  const cwd = writeFiles(makeTempDir(t), { 'app.js': waitForFile });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  const file = controlPath(tsgun);
  const target = { port: tsgun.port };
  const events: EventView[] = [];
  control.on('event', (event) => events.push(event));
  const before = await control.call('subscribe', { topic: 'events' });
  const load = hammer(t, { target, connections: 4, keepAlive: true });
  const late = fetchOnce(target, '/late');
  await waitFor('it to be asked', async () => {
    const { requests } = await control.call('requests', {});
    return requests.some(({ path: of }) => of === '/late');
  });
  writeFiles(cwd, { 'app.js': helloApp('new') });
  const { from, to } = await control.call('upgrade', {});
  setSuccessor(to);
  assert.equal(from, tsgun.pid);

  // The old program has still a request to answer, and the new one has the path already.
  const next = await connectToSuccessor(t, file, to);
  assert.equal((await next.call('hello', {})).instance, 'app');
  assert.equal((await control.call('status', {})).mode, 'stopping');
  const conflict = await failureOf(control.call('scale', { workers: '3' }));
  assert.equal(conflict.code, 'TSGUN_E_CONFLICT');
  const news: EventView[] = [];
  next.on('event', (event) => news.push(event));
  const { seq: since, epoch } = before;
  const after = await next.call('subscribe', { topic: 'events', since, epoch });
  assert.notEqual(after.epoch, epoch);
  await waitFor('what happened before', () => news.some(({ type }) => type === 'serving'));
  assert.deepEqual(
    news.map(({ seq }) => seq),
    news.map((_, index) => index + 1),
  );
  writeFiles(cwd, { go: '' });
  assert.equal((await late).body, 'old');
  await control.closed;
  assert.equal((await tsgun.exited).code, 0);
  assert.ok(
    events.some(({ type }) => type === 'worker-exited'),
    'told to the last',
  );

  assert.equal((await next.call('scale', { workers: '+1' })).to, 3);
  assert.equal((await (await connectTo(t, file)).call('ping', {})).pid, to);
  await load.stop();
  assert.deepEqual(load.failures, []);
  await next.call('stop', {});
  await next.closed;
  await waitFor('the successor to end', () => !isAlive(to));
  assert.equal((await failureOf(connectTo(t, file))).code, 'TSGUN_E_NOT_RUNNING');
});

test('what is done by signal is told like what is asked for here', async (t) => {
  const { cwd, tsgun, control } = await start(t);
  writeFiles(cwd, { go: '' });
  const types: string[] = [];
  control.on('event', ({ type }) => types.push(type));
  await control.call('subscribe', { topic: 'events' });
  tsgun.signal('SIGHUP');
  await waitFor('the reload', () => types.includes('reload-done'));
  assert.equal((await control.call('status', {})).lastReload?.outcome, 'done');
  assert.equal(types.filter((type) => type === 'worker-exited').length, 2);
  tsgun.signal('SIGTTIN');
  await waitForStatus('three workers', control, ({ workers }) => workers.ready === 3);
});

test('a caller that only listens learns of a crash with all that is known', async (t) => {
  const { control, tsgun } = await start(t);
  const events: EventView[] = [];
  control.on('event', (event) => events.push(event));
  await control.call('subscribe', { topic: 'events' });
  const [pid = 0] = tsgun.workers();
  process.kill(pid, 'SIGKILL');
  const event = await waitFor('the event', () =>
    events.find(({ type }) => type === 'worker-exited'),
  );
  assert.match(event.text, new RegExp(`^Worker \\d \\(pid ${pid}\\) has left: crashed$`));
  assert.match(JSON.stringify(event.detail), /"signal":"SIGKILL"/);
});
