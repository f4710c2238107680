import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitForStatus } from '../helpers/control.ts';
import { listenerKinds, startUnderLoad } from '../helpers/under-load.ts';

for (const kind of listenerKinds) {
  test(`reloads that are confirmed, rolled back or left alone lose no request on ${kind}`, async (t) => {
    const { control, repeat } = await startUnderLoad(t, kind);
    let serves = 1;
    await repeat(async (round) => {
      const way = (['confirm', 'rollback', 'time-out'] as const)[round % 3];
      const confirmWithin = way === 'time-out' ? 0.2 : 60;
      const { outcome, previous } = await control.call('reload', { confirmWithin });
      assert.deepEqual([outcome, previous], ['confirming', serves]);
      if (way === 'confirm') serves = (await control.call('confirm', {})).generation;
      else if (way === 'rollback') await control.call('rollback', {});
      const settled = await waitForStatus('the end of the reload', control, ({ mode, workers }) => {
        return mode === 'serving' && workers.ready === 3 && workers.draining + workers.parked === 0;
      });
      assert.equal(settled.generation, serves);
    });
    assert.ok(serves > 1);
  });
}
