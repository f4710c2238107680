import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectTo, controlPath, waitForStatus } from '../helpers/control.ts';
import { listenerKinds, startUnderLoad } from '../helpers/under-load.ts';

const sizes = ['5', '1', '+3', '-2', '4', '2'] as const;

for (const kind of listenerKinds) {
  test(`scaling up and down loses no request on ${kind}`, async (t) => {
    const { control, repeat } = await startUnderLoad(t, kind, ['-w', '2', '--keepalive', '1']);
    await repeat(async (round) => {
      const workers = sizes[round % sizes.length] ?? '2';
      const { to } = await control.call('scale', { workers });
      assert.equal((await control.call('status', {})).workers.ready, to);
    });
  });
}

test('a storm of scales by several callers loses no request, and ends at the right number', async (t) => {
  const args = ['-w', '2', '--keepalive', '1'];
  const { control, repeat, tsgun } = await startUnderLoad(t, 'a shared socket', args);
  const others = await Promise.all([1, 2].map(() => connectTo(t, controlPath(tsgun))));
  await repeat(async () => {
    const storm = [control, ...others].flatMap((caller) =>
      ['+1', '+1', '-1', '+2', '-3'].map((workers) =>
        caller.call('scale', { workers }).catch((error: Error) => {
          assert.match(error.message, /overtaken/);
        }),
      ),
    );
    await Promise.all(storm);
    await control.call('scale', { workers: '2' });
    await waitForStatus('two workers', control, ({ workers }) => {
      return workers.ready === 2 && workers.draining + workers.booting === 0;
    });
  });
});
