import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { waitForStatus } from '../helpers/control.ts';
import { fetchOnce } from '../helpers/strict-client.ts';
import { listenerKinds, startUnderLoad } from '../helpers/under-load.ts';
import { waitFor } from '../helpers/wait-for.ts';

for (const kind of listenerKinds) {
  test(`draining and undraining one worker after the other loses no request on ${kind}`, async (t) => {
    const { control, repeat } = await startUnderLoad(t, kind, ['-w', '3', '--keepalive', '1']);
    await repeat(async (round) => {
      const slot = round % 3;
      await control.call('drain', { slot });
      await control.call('undrain', { slot });
      // Overtaken half way.
      const drain = control.call('drain', { slot: (round + 1) % 3 }).catch(() => undefined);
      await control.call('undrain', { slot: (round + 1) % 3 });
      await drain;
    });
  });
}

for (const kind of listenerKinds) {
  test(`a pause of a second loses no request on ${kind}`, async (t) => {
    const { answered, control, repeat, target } = await startUnderLoad(t, kind);
    let paused = false;
    await repeat(async () => {
      const before = answered();
      await waitFor('load', () => answered() > before + 1000);
      if (paused) return;
      await control.call('pause', {});
      await waitFor('connections to wait', async () => {
        const listeners = await control.call('listeners', {});
        // The kernel does not tell it of Unix sockets.
        return listeners.reduce((sum, { queued }) => sum + (queued ?? 4), 0) >= 4;
      });
      let served = false;
      const late = fetchOnce(target).then(({ status }) => {
        served = true;
        return status;
      });
      await delay(1000); // that long nobody accepts
      assert.equal(served, false);
      await control.call('unpause', {});
      assert.equal(await late, 200);
      await waitForStatus('traffic', control, (status) => !status.paused);
      paused = true;
    });
    assert.ok(paused);
  });
}
