import { createHistogram } from './latency.ts';
import {
  createMeter,
  type Measures,
  type Meter,
  percentiles,
  type Rates,
  type Sample,
} from './meter.ts';

/** Nothing a worker did longer ago is shown any more. */
const rememberMs = 15_000;

/** All workers of an instance, by whatever they are known by. Times are monotonic milliseconds. */
export interface Fleet<Id> {
  /** Requests that all workers ever answered, those that have left included. */
  readonly requests: number;
  /** `front`: what it tells counts among all. Others do the same work behind it. */
  beat(id: Id, sample: Sample, at: number, front?: boolean): void;
  /** What it did in its last seconds still counts among the latencies of all. */
  gone(id: Id, at: number): void;
  measure(id: Id, at: number): Measures;
  measureAll(at: number): Measures;
}

export function createFleet<Id>(): Fleet<Id> {
  const meters = new Map<Id, Meter>();
  const left = new Map<Meter, number>();
  const behind = new Set<Id>();
  let requests = 0;
  const bury = (at: number) => {
    for (const [meter, leftAt] of left) if (leftAt <= at - rememberMs) left.delete(meter);
  };
  return {
    get requests() {
      return requests;
    },
    beat(id, sample, at, front = true) {
      const meter = meters.get(id) ?? createMeter();
      meters.set(id, meter);
      if (!front) behind.add(id);
      const more = meter.beat(sample, at);
      if (front) requests += more;
    },
    gone(id, at) {
      bury(at);
      const meter = meters.get(id);
      if (meter && !behind.delete(id)) left.set(meter, at);
      meters.delete(id);
    },
    measure: (id, at) => (meters.get(id) ?? createMeter()).measure(at),
    measureAll(at) {
      bury(at);
      const histogram = createHistogram();
      const fronts = [...meters].flatMap(([id, meter]) => (behind.has(id) ? [] : [meter]));
      for (const meter of [...fronts, ...left.keys()]) meter.collect(histogram, at);
      return { ...addRates(fronts, at), ...percentiles(histogram) };
    },
  };
}

/** Of the living only: a worker and its successor would count twice for a while. */
function addRates(meters: readonly Meter[], at: number): Rates {
  let requestsPerSecond = 0;
  let cpuPercent: number | null = null;
  for (const meter of meters) {
    const rates = meter.rates(at);
    requestsPerSecond += rates.requestsPerSecond;
    if (rates.cpuPercent !== null) cpuPercent = (cpuPercent ?? 0) + rates.cpuPercent;
  }
  return { requestsPerSecond, cpuPercent };
}
