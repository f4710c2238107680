import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketCount, createHistogram } from '../../../src/metrics/latency.ts';

const of = (...durations: number[]) => {
  const histogram = createHistogram();
  for (const ms of durations) histogram.record(ms);
  return histogram;
};

test('percentile() is right within the width of a bucket, from 0.1 ms to 10 minutes', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 599_999, noNaN: true }), (ms) => {
      const found = of(ms).percentile(0.5) ?? 0;
      assert.ok(Math.abs(found / ms - 1) < 0.045, `${ms} became ${found}`);
    }),
  );
});

test('percentile() counts as everybody does', () => {
  const histogram = of(...Array.from({ length: 100 }, (_, index) => index + 1));
  const near = (p: number, ms: number) => {
    const found = histogram.percentile(p) ?? 0;
    assert.ok(Math.abs(found / ms - 1) < 0.05, `${p}: ${found} is not ${ms}`);
  };
  near(0, 1);
  near(0.5, 50);
  near(0.99, 99);
  near(1, 100);
  assert.equal(createHistogram().percentile(0.5), null);
});

test('what is below and above all bounds is counted at the ends', () => {
  assert.deepEqual(of(0, 0.0999, -5, Number.NaN).take(), [0, 4]);
  assert.deepEqual(of(600_000, 1e12, Number.POSITIVE_INFINITY).take(), [bucketCount - 1, 3]);
  assert.equal(of(0).percentile(1), 0.05);
  assert.equal(of(1e12).percentile(1), 600_000);
});

test('every duration has a bucket, and longer ones no lower one', () => {
  const ms = fc.double({ min: 0, max: 1e7, noNaN: true });
  fc.assert(
    fc.property(ms, ms, (one, other) => {
      const bucket = (duration: number) => of(duration).take()[0] ?? -1;
      const [low, high] = [bucket(Math.min(one, other)), bucket(Math.max(one, other))];
      assert.ok(low >= 0 && low <= high && high < bucketCount);
    }),
  );
});

test('take() gives what came since the last one, and no more pairs than a beat may have', () => {
  const histogram = of(5, 5, 70);
  const [first, count, second] = histogram.take();
  assert.equal(count, 2);
  assert.ok(Number(first) < Number(second));
  assert.deepEqual(histogram.take(), []);
  histogram.record(5);
  assert.deepEqual(histogram.take(), [first, 1]);
  assert.ok(bucketCount * 2 <= 1024);
});

test('merged histograms are as if one had seen all', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }))),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (parts, p) => {
        const merged = createHistogram();
        for (const part of parts) merged.merge(of(...part).take());
        assert.equal(merged.percentile(p), of(...parts.flat()).percentile(p));
      },
    ),
  );
});

test('merge() leaves out what makes no sense', () => {
  const histogram = createHistogram();
  const bad = [-1, 1, 0.5, 1, bucketCount, 1, 3, -2, 3, 0.5, 3, 1e300, Number.NaN, 1, 3];
  histogram.merge(bad);
  assert.equal(histogram.percentile(0.5), null);
  histogram.merge([...bad.slice(0, -1), 10, 2]);
  assert.deepEqual(histogram.take(), [10, 2]);
});
