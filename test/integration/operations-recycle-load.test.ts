import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, waitForStatus } from '../helpers/control.ts';
import { listenerKinds, startUnderLoad } from '../helpers/under-load.ts';

for (const kind of listenerKinds) {
  test(`recycling all workers, and ending one with TERM, loses no request on ${kind}`, async (t) => {
    const { control, repeat } = await startUnderLoad(t, kind, ['-w', '3', '--keepalive', '1']);
    await repeat(async (round) => {
      const { workers } = await control.call('recycle', { all: true });
      assert.equal(workers.filter(({ outcome }) => outcome === 'left').length, 3);
      await control.call('kill', { slot: round % 3, signal: 'TERM' });
      await waitForStatus('its successor', control, (status) => status.workers.ready === 3);
      await control.call('recycle', { slot: (round + 1) % 3 });
    });
  });
}

test('everything at once loses no request', async (t) => {
  const args = ['-w', '3', '--keepalive', '1'];
  const { control, repeat } = await startUnderLoad(t, 'a shared socket', args);
  await repeat(async () => {
    const reload = control.call('reload', { confirmWithin: 60 });
    const scale = control.call('scale', { workers: '+1' });
    const drain = control.call('drain', { slot: 1 }).catch(() => undefined);
    await Promise.all([reload, scale, drain]);
    const conflict = await failureOf(control.call('reload', {}));
    assert.equal(conflict.code, 'TSGUN_E_CONFLICT');
    const undrain = control.call('undrain', { slot: 1 });
    await Promise.all([control.call('recycle', { slot: 0 }), undrain]);
    await control.call('rollback', {});
    await control.call('undrain', { slot: 1 });
    await control.call('scale', { workers: '3' });
  });
});
