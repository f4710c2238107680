import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFleet } from '../../../src/metrics/fleet.ts';
import { createHistogram } from '../../../src/metrics/latency.ts';
import { createMeter, type Sample } from '../../../src/metrics/meter.ts';

const sample = (requests: number, cpuMs = 0, durations: number[] = []): Sample => {
  const histogram = createHistogram();
  for (const ms of durations) histogram.record(ms);
  return { requests, cpuMs, latencies: histogram.take() };
};

test('a meter tells nothing before it can', () => {
  const meter = createMeter();
  const nothing = { requestsPerSecond: 0, cpuPercent: null, p50Ms: null, p99Ms: null };
  assert.deepEqual(meter.measure(0), nothing);
  meter.beat(sample(0, 100), 1000);
  assert.deepEqual(meter.measure(1000), nothing);
});

test('a meter compares the beats of its window', () => {
  const meter = createMeter();
  meter.beat(sample(0, 100), 0);
  meter.beat(sample(100, 600, [10]), 1000);
  meter.beat(sample(400, 1100, [10, 10, 1000]), 2000);
  const { requestsPerSecond, cpuPercent, p50Ms, p99Ms } = meter.measure(2500);
  assert.equal(requestsPerSecond, 200);
  assert.equal(cpuPercent, 50);
  assert.ok(Math.abs(Number(p50Ms) - 10) < 0.5);
  assert.ok(Math.abs(Number(p99Ms) - 1000) < 50);
});

test('a meter forgets what is older than its window', () => {
  const meter = createMeter();
  for (let second = 0; second <= 30; second += 1) {
    const requests = second < 15 ? second * 1000 : 15_000 + (second - 15) * 10;
    meter.beat(sample(requests, second * 100, [second < 15 ? 500 : 5]), second * 1000);
  }
  const late = meter.measure(30_000);
  assert.equal(late.requestsPerSecond, 10);
  assert.equal(late.cpuPercent, 10);
  assert.ok(Number(late.p99Ms) < 6);
});

test('a meter whose worker is silent falls to nothing', () => {
  const meter = createMeter();
  meter.beat(sample(0), 0);
  meter.beat(sample(100, 50, [5]), 1000);
  assert.equal(meter.measure(10_000).requestsPerSecond, 100);
  const nothing = { requestsPerSecond: 0, cpuPercent: null, p50Ms: null, p99Ms: null };
  assert.deepEqual(meter.measure(12_000), nothing);
  meter.beat(sample(110, 60), 21_000);
  assert.equal(meter.measure(21_000).requestsPerSecond, 0.5);
});

test('a meter survives counters that run backwards and two beats at once', () => {
  const meter = createMeter();
  assert.equal(meter.beat(sample(100, 100), 0), 100);
  assert.equal(meter.beat(sample(50, 50), 0), 0);
  assert.equal(meter.measure(0).requestsPerSecond, 0);
  assert.equal(meter.beat(sample(60, 40), 1000), 10);
  assert.equal(meter.measure(1000).requestsPerSecond, 0);
  assert.equal(meter.measure(1000).cpuPercent, 0);
});

test('a fleet adds its workers and keeps the requests of the dead', () => {
  const fleet = createFleet<string>();
  for (const id of ['a', 'b']) {
    fleet.beat(id, sample(0), 0);
    fleet.beat(id, sample(100, 500, [10]), 1000);
  }
  assert.equal(fleet.measureAll(1000).requestsPerSecond, 200);
  assert.equal(fleet.measureAll(1000).cpuPercent, 100);
  assert.equal(fleet.measure('a', 1000).requestsPerSecond, 100);
  fleet.gone('a', 1000);
  fleet.beat('a', sample(5), 1500); // a successor under the same name
  assert.equal(fleet.requests, 205);
  assert.equal(fleet.measureAll(1500).requestsPerSecond, 100);
  assert.equal(fleet.measure('nobody', 1500).cpuPercent, null);
});

test('the latencies of a worker that has left count until its seconds are over', () => {
  const fleet = createFleet<number>();
  fleet.beat(1, sample(1, 0, [800]), 1000);
  fleet.gone(1, 2000);
  assert.ok(Number(fleet.measureAll(5000).p50Ms) > 700);
  assert.equal(fleet.measureAll(11_500).p50Ms, null);
  fleet.gone(1, 30_000);
  assert.equal(fleet.requests, 1);
});
