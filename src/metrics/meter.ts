import { createHistogram, type Histogram, type SparseCounts } from './latency.ts';

/** How far back rates and percentiles look. */
const windowMs = 10_000;

/** What a beat tells for measuring. */
export interface Sample {
  /** Since the worker started. */
  requests: number;
  cpuMs: number;
  /** Since the beat before. */
  latencies: SparseCounts;
}

export interface Rates {
  requestsPerSecond: number;
  /** Of one core; null before there are two beats to compare. */
  cpuPercent: number | null;
}

export interface Measures extends Rates {
  /** Null when no request ended lately. */
  p50Ms: number | null;
  p99Ms: number | null;
}

/** Measures one worker by its beats. All times are monotonic milliseconds. */
export interface Meter {
  /** Requests since the beat before. */
  beat(sample: Sample, at: number): number;
  rates(at: number): Rates;
  /** Adds the latencies of the window to a histogram. */
  collect(into: Histogram, at: number): void;
  measure(at: number): Measures;
}

interface Beat extends Sample {
  at: number;
}

export function createMeter(): Meter {
  /** Of the window, and the one before it that its first is compared with. */
  let beats: Beat[] = [];
  const forget = (at: number) => {
    const first = beats.findIndex((beat) => beat.at > at - windowMs);
    beats = beats.slice(Math.max(0, (first < 0 ? beats.length : first) - 1));
  };
  const rates = (at: number): Rates => {
    forget(at);
    return compare(beats.at(0), beats.at(-1));
  };
  const collect = (into: Histogram, at: number) => {
    forget(at);
    for (const beat of beats) if (beat.at > at - windowMs) into.merge(beat.latencies);
  };
  return {
    beat(sample, at) {
      const { requests, cpuMs, latencies } = sample;
      const before = beats.at(-1)?.requests ?? 0;
      forget(at);
      beats.push({ at, requests, cpuMs, latencies });
      return Math.max(0, requests - before);
    },
    rates,
    collect,
    measure(at) {
      const histogram = createHistogram();
      collect(histogram, at);
      return { ...rates(at), ...percentiles(histogram) };
    },
  };
}

export const percentiles = (histogram: Histogram): Pick<Measures, 'p50Ms' | 'p99Ms'> => ({
  p50Ms: histogram.percentile(0.5),
  p99Ms: histogram.percentile(0.99),
});

/** An app can beat in its worker's name, so counters may run backwards. */
function compare(first: Beat | undefined, last: Beat | undefined): Rates {
  const ms = first && last ? last.at - first.at : 0;
  if (!first || !last || ms <= 0) return { requestsPerSecond: 0, cpuPercent: null };
  return {
    requestsPerSecond: (Math.max(0, last.requests - first.requests) * 1000) / ms,
    cpuPercent: (Math.max(0, last.cpuMs - first.cpuMs) * 100) / ms,
  };
}
