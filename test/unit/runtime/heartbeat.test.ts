import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Beat } from '../../../src/protocol/worker.ts';
import { startHeartbeat } from '../../../src/runtime/heartbeat.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('beats at once, in turn, and when it is asked to', async () => {
  const beats: Beat[] = [];
  const vitals = { inFlight: 1, requests: 2, connections: 3, latencies: [1, 2] };
  const beat = startHeartbeat({
    intervalMs: 20,
    vitals: () => vitals,
    send: (message) => beats.push(message),
  });
  assert.equal(beats.length, 1);
  const [{ rssBytes = 0, cpuMs = 0, ...first } = {} as Beat] = beats;
  assert.deepEqual(first, { type: 'beat', ...vitals, lagMs: 0 });
  assert.ok(rssBytes > 1e6);
  assert.ok(Number.isInteger(cpuMs) && cpuMs > 0);
  beat();
  assert.equal(beats.length, 2);
  await waitFor('beats in turn', () => beats.length >= 4);
});

test('tells how long the loop was blocked', async () => {
  const beats: Beat[] = [];
  startHeartbeat({
    intervalMs: 10,
    vitals: () => ({ inFlight: 0, requests: 0, connections: 0, latencies: [] }),
    send: (message) => beats.push(message),
  });
  const until = performance.now() + 100;
  while (performance.now() < until);
  await waitFor('the next beat', () => beats.length >= 2);
  assert.ok((beats[1]?.lagMs ?? 0) >= 80, `${beats[1]?.lagMs} ms`);
});
