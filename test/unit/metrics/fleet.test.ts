import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFleet } from '../../../src/metrics/fleet.ts';

test('those behind a gateway have figures of their own, and do not count twice', () => {
  const fleet = createFleet<number>();
  fleet.beat(1, { requests: 0, cpuMs: 0, latencies: [] }, 0);
  fleet.beat(2, { requests: 0, cpuMs: 0, latencies: [] }, 0, false);
  fleet.beat(1, { requests: 10, cpuMs: 5, latencies: [3, 10] }, 1000);
  fleet.beat(2, { requests: 10, cpuMs: 5, latencies: [] }, 1000, false);
  assert.equal(fleet.requests, 10);
  assert.equal(fleet.measureAll(1000).requestsPerSecond, 10);
  assert.equal(fleet.measure(2, 1000).requestsPerSecond, 10);
  fleet.gone(2, 1000);
  fleet.gone(1, 1000);
  assert.notEqual(fleet.measureAll(1000).p50Ms, null);
});
