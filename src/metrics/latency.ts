/** Each bucket is so much wider than the one before: a percentile is off by 4 % at most. */
const growth = 1.08;
const lowestMs = 0.1;
const highestMs = 10 * 60_000;

const perLog = 1 / Math.log(growth);
const offset = 1 - Math.log(lowestMs) * perLog;

/** The first one holds what is below the lowest, the last one what is above the highest. */
export const bucketCount = Math.floor(Math.log(highestMs) * perLog + offset) + 2;

/** Bucket, count, bucket, count ...: as it travels in a beat. */
export type SparseCounts = readonly number[];

export interface Histogram {
  /** Made for the hot path. */
  record(ms: number): void;
  /** What was recorded since it was taken last. */
  take(): number[];
  /** Adds what another process took; what makes no sense is left out. */
  merge(counts: SparseCounts): void;
  /** Milliseconds that a share `p` (0 to 1) of all took at most; null when there are none. */
  percentile(p: number): number | null;
}

/** Durations counted in buckets of fixed bounds, so that those of many processes can be added. */
export function createHistogram(): Histogram {
  const counts = new Float64Array(bucketCount);
  let total = 0;
  return {
    record(ms) {
      const bucket = bucketOf(ms);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      total += 1;
    },
    take() {
      if (total === 0) return [];
      const taken: number[] = [];
      for (const [bucket, count] of counts.entries()) if (count > 0) taken.push(bucket, count);
      counts.fill(0);
      total = 0;
      return taken;
    },
    merge(more) {
      for (let index = 0; index + 1 < more.length; index += 2) {
        const bucket = more[index] ?? -1;
        const count = more[index + 1] ?? 0;
        if (!isBucket(bucket) || !isCount(count)) continue;
        counts[bucket] = (counts[bucket] ?? 0) + count;
        total += count;
      }
    },
    percentile: (p) => findPercentile(counts, total, p),
  };
}

const isBucket = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value < bucketCount;

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0;

/** A duration that is no number counts as none at all. */
function bucketOf(ms: number): number {
  if (!(ms >= lowestMs)) return 0;
  if (ms >= highestMs) return bucketCount - 1;
  return Math.floor(Math.log(ms) * perLog + offset);
}

function findPercentile(counts: Float64Array, total: number, p: number): number | null {
  if (total === 0) return null;
  let left = Math.max(1, Math.ceil(p * total));
  for (const [bucket, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return middleOf(bucket);
  }
  return highestMs;
}

/** In the geometric middle the error is the same on both sides; more digits would be a lie. */
function middleOf(bucket: number): number {
  if (bucket === 0) return lowestMs / 2;
  const ms = lowestMs * growth ** (bucket - 0.5);
  return Number(Math.min(highestMs, ms).toPrecision(3));
}
