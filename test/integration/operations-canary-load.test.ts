import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, waitForStatus } from '../helpers/control.ts';
import { startUnderLoad } from '../helpers/under-load.ts';
import { helloApp, writeFiles } from '../helpers/write-files.ts';

// One that crashes takes what it was given with it; everything else has to be answered.
test('canaries that live, are aborted or cannot boot lose no request', async (t) => {
  const { cwd, control, repeat } = await startUnderLoad(t, 'a shared socket');
  await repeat(async (round) => {
    const isGood = round % 3 !== 2;
    writeFiles(cwd, { 'app.js': isGood ? helloApp() : 'throw new Error("not today");\n' });
    const way = (['live', 'abort', 'fail'] as const)[round % 3];
    const canary = control.call('reload', { stabilize: way === 'live' ? 0.3 : 60 });
    if (way === 'live') return assert.equal((await canary).outcome, 'done');
    const failure = failureOf(canary);
    if (way === 'abort') {
      await waitForStatus('the canary', control, ({ workers }) => workers.ready === 4);
      await control.call('abort', {});
    }
    assert.equal((await failure).code, 'TSGUN_E_OPERATION');
  });
});
