import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlClient } from '../../ctl/client.ts';
import { connectControl } from '../helpers/control.ts';
import { startTsgun } from '../helpers/start-tsgun.ts';
import { fetchOnce, type Target } from '../helpers/strict-client.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

const rollbackMs = 100;

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
