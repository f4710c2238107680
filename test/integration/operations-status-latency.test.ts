import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl, connectTo, controlPath } from '../helpers/control.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { hammer } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const statusMs = 50;

const round = (ms: number): number => Math.round(ms * 10) / 10;

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

/** The slowest wait for a core that booting workers, or other tests, have: `part` of all count. */
function judge(t: TestContext, times: readonly number[], part: number): void {
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
  const told = [0.5, 0.95, 0.99, 1].map((share) => `p${share * 100} ${round(at(share))} ms`);
  t.diagnostic(`status ${times.length} times: ${told.join(', ')}`);
  assert.ok(times.length >= 20, `only ${times.length} answers`);
  assert.ok(at(part) < statusMs, told.join(', '));
}

test('status answers within 50 ms while 50 workers are started, and while they are reloaded', async (t) => {
  const config = (workers: number) => ({ 'tsgun.conf.toml': `workers = ${workers}\n` });
  const cwd = writeFiles(makeTempDir(t), { 'app.js': helloApp(), ...config(2) });
  const tsgun = await startTsgun(t, ['--reload-surge', '2', 'app.js'], { cwd });
  const control = await connectControl(t, tsgun);
  const other = await connectTo(t, controlPath(tsgun));
  judge(t, await measureStatus(other, control.call('scale', { workers: '50' })), 0.5);
  writeFiles(cwd, config(50));
  const reload = control.call('reload', {});
  judge(t, await measureStatus(other, reload), 0.75);
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
  judge(t, await measureStatus(control, storm()), 0.75);
  assert.ok(heard >= 100 * 80);
  assert.equal((await control.call('stats', {})).control.subscribers, 200);
  await load.stop();
  assert.deepEqual(load.failures, []);
});
