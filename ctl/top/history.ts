import type { StatusView } from '../../src/protocol/control/views.ts';

/** What is drawn over time, one for each second; null where it is not known. */
export interface Sample {
  rate: number | null;
  p99: number | null;
  queue: number | null;
}

export interface History {
  /** Of all that were taken, also of those that are forgotten. */
  readonly count: number;
  readonly samples: readonly Sample[];
}

export const emptyHistory: History = { count: 0, samples: [] };

/** Seconds in one column: a terminal of 80 columns shows about three minutes. */
export const secondsPerColumn = 3;
const remembered = secondsPerColumn * 600;

const unknown: Sample = { rate: null, p99: null, queue: null };

export const addSample = ({ count, samples }: History, sample: Sample = unknown): History => ({
  count: count + 1,
  samples: [...samples.slice(-(remembered - 1)), sample],
});

export const sampleOf = ({ traffic, listeners }: StatusView): Sample => ({
  rate: traffic.requestsPerSecond,
  p99: traffic.p99Ms,
  queue: queuedIn(listeners),
});

/** Null when no listener can tell. */
function queuedIn(listeners: StatusView['listeners']): number | null {
  const known = listeners.flatMap(({ queued }) => (queued === null ? [] : [queued]));
  return known.length === 0 ? null : known.reduce((sum, queued) => sum + queued, 0);
}

/**
 * The last columns of a graph, each the highest value of its seconds. A column always holds the
 * same seconds, so that peaks keep their height while they move.
 */
export function columnsOf(
  { count, samples }: History,
  name: keyof Sample,
  columns: number,
): (number | null)[] {
  const last = Math.floor((count - 1) / secondsPerColumn);
  const length = Math.max(0, Math.min(columns, last + 1));
  const result = Array.from({ length }, (): number | null => null);
  const first = last - result.length + 1;
  for (const [index, sample] of samples.entries()) {
    const column = Math.floor((count - samples.length + index) / secondsPerColumn) - first;
    const value = sample[name];
    if (column < 0 || value === null) continue;
    result[column] = Math.max(result[column] ?? 0, value);
  }
  return result;
}
