import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsPython } from '../helpers/python.ts';
import { startPythonUnderLoad } from '../helpers/python-under-load.ts';

const skip = needsPython();

for (const kind of ['sync', 'asgi'] as const) {
  test(`several gateways with ${kind} workers lose no request in anything`, { skip }, async (t) => {
    const ours = ['-w', '4', '--gateways', '2', '--max-requests', '3000'];
    const { control, repeat, tsgun } = await startPythonUnderLoad(t, kind, ours);
    await repeat(async (round) => {
      const reload = control.call('reload', {});
      await control.call('scale', { workers: round % 2 === 0 ? '6' : '4' });
      await reload;
      await control.call('recycle', { slot: round % 4 });
      await delay(100);
    });
    assert.equal(await tsgun.stop(), 0);
  });
}

test('parking and confirming Python generations loses no request', { skip }, async (t) => {
  const { control, repeat, tsgun } = await startPythonUnderLoad(t, 'sync');
  await repeat(async (round) => {
    await control.call('reload', { confirmWithin: 60 });
    if (round % 2 === 0) await control.call('rollback', {});
    else await control.call('confirm', {});
    await control.call('drain', { slot: 1 });
    await control.call('undrain', { slot: 1 });
  });
  assert.equal(await tsgun.stop(), 0);
});
