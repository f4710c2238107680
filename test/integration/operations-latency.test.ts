import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl, connectTo, controlPath } from '../helpers/control.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, hammer, type Target } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const rollbackMs = 100;
const statusMs = 50;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const round = (ms: number): number => Math.round(ms * 10) / 10;

/** Asks on new connections without waiting for one another, until an answer is as wanted. */
async function timeUntilAnswer(target: Target, wanted: string): Promise<number> {
  const from = performance.now();
  let found: number | null = null;
  while (found === null) {
    void fetchOnce(target).then(
      ({ body }) => {
        if (body === wanted) found ??= performance.now() - from;
      },
      () => undefined, // cut with the generation that hangs
    );
    await delay(1);
    assert.ok(performance.now() - from < 10_000, 'the old generation never answered');
  }
  return found;
}

const broken: Record<string, string> = {
  'answers nothing but 500': 'export default (req, res) => res.writeHead(500).end("new");\n',
  'never answers': 'export default (req, res) => undefined;\n',
  'blocks its loop': 'export default (req, res) => { for (;;); };\n',
};

/** The new generation has answered, or has what it will never answer. */
async function waitUntilBroken(control: ControlClient, asked: Promise<unknown>[]): Promise<void> {
  let answered = false;
  void Promise.race(asked).then(() => {
    answered = true;
  });
  await waitFor('clients of the new generation', async () => {
    const { requests, silent } = await control.call('requests', {});
    return answered || requests.length + silent.length > 0;
  });
}

for (const [how, app] of Object.entries(broken)) {
  test(`rolled back from one that ${how}, the old generation answers within 100 ms`, async (t) => {
    const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp('old') });
    const limits = ['--graceful-timeout', '0.3', '--timeout', '5'];
    const tsgun = await startTsgun(t, ['-w', '2', ...limits, 'app.js'], { cwd });
    const control = await connectControl(t, tsgun);
    const target = { port: tsgun.port };
    writeFiles(cwd, { 'app.js': app });
    const times: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      await control.call('reload', { confirmWithin: 60 });
      const stuck = Array.from({ length: 4 }, () => fetchOnce(target).catch(() => null));
      await waitUntilBroken(control, stuck);
      const rollback = control.call('rollback', {});
      times.push(await timeUntilAnswer(target, 'old'));
      await rollback;
      await Promise.all(stuck);
      assert.equal((await fetchOnce(target)).body, 'old');
    }
    t.diagnostic(`first answer after ${times.map(round)} ms`);
    assert.ok(median(times) < rollbackMs, `${times.map(round)} ms`);
  });
}

/** Calls `status` without pause while something lasts; milliseconds of each. */
async function measureStatus(control: ControlClient, during: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let over = false;
  const end = during.finally(() => {
    over = true;
  });
  while (!over) {
    const from = performance.now();
    await control.call('status', {});
    times.push(performance.now() - from);
    await delay(5);
  }
  await end;
  return times.toSorted((a, b) => a - b);
}

function judge(t: TestContext, times: readonly number[]): void {
  const at = (part: number) => times[Math.floor((times.length - 1) * part)] ?? Number.NaN;
  const told = [0.5, 0.95, 0.99, 1].map((part) => `p${part * 100} ${round(at(part))} ms`);
  t.diagnostic(`status ${times.length} times: ${told.join(', ')}`);
  assert.ok(times.length >= 20);
  // The slowest waited for a core that the booting workers, or other tests, had.
  assert.ok(at(0.95) < statusMs, told.join(', '));
}

test('status answers within 50 ms while 50 workers are reloaded', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-w', '50', '--reload-surge', '2', 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  const other = await connectTo(t, controlPath(tsgun));
  const reload = control.call('reload', {});
  judge(t, await measureStatus(other, reload));
  assert.equal((await reload).workers.length, 100);
});

test('status answers within 50 ms while 100 clients follow events and log', async (t) => {
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp() });
  const tsgun = await startTsgun(t, ['-w', '2', 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  let heard = 0;
  for (let count = 0; count < 100; count += 1) {
    const client = await connectTo(t, controlPath(tsgun));
    client.on('event', () => (heard += 1));
    await client.call('subscribe', { topic: 'events' });
    await client.call('subscribe', { topic: 'log' });
  }
  const load = hammer(t, { target: { port: tsgun.port }, connections: 2, keepAlive: true });
  const other = await connectTo(t, controlPath(tsgun));
  const storm = async () => {
    for (let count = 0; count < 40; count += 1) {
      await other.call('pause', {});
      await other.call('unpause', {});
    }
    await other.call('recycle', { all: true });
  };
  judge(t, await measureStatus(control, storm()));
  assert.ok(heard >= 100 * 80);
  assert.equal((await control.call('stats', {})).control.subscribers, 200);
  await load.stop();
  assert.deepEqual(load.failures, []);
});
