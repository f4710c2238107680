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
  beat(id: Id, sample: Sample, at: number): void;
  /** What it did in its last seconds still counts among the latencies of all. */
  gone(id: Id, at: number): void;
  measure(id: Id, at: number): Measures;
  measureAll(at: number): Measures;
}

export function createFleet<Id>(): Fleet<Id> {
  const meters = new Map<Id, Meter>();
  const left = new Map<Meter, number>();
  let requests = 0;
  const bury = (at: number) => {
    for (const [meter, leftAt] of left) if (leftAt <= at - rememberMs) left.delete(meter);
  };
  return {
    get requests() {
      return requests;
    },
    beat(id, sample, at) {
      const meter = meters.get(id) ?? createMeter();
      meters.set(id, meter);
      requests += meter.beat(sample, at);
    },
    gone(id, at) {
      bury(at);
      const meter = meters.get(id);
      if (meter) left.set(meter, at);
      meters.delete(id);
    },
    measure: (id, at) => (meters.get(id) ?? createMeter()).measure(at),
    measureAll(at) {
      bury(at);
      const histogram = createHistogram();
      for (const meter of [...meters.values(), ...left.keys()]) meter.collect(histogram, at);
      return { ...addRates([...meters.values()], at), ...percentiles(histogram) };
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
