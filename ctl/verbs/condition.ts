import type { StatusView } from '../../src/protocol/control/views.ts';
import { usageError } from '../command-line/globals.ts';

/** A state that an instance comes to; null stands for one that does not run. */
export interface Condition {
  name: string;
  isMet(status: StatusView | null): boolean;
}

/** Throws TSGUN_E_USAGE. */
export function parseCondition(word: string): Condition {
  const generation = /^generation=([1-9]\d{0,9})$/.exec(word)?.[1];
  if (generation !== undefined) {
    const wanted = Number(generation);
    return {
      name: word,
      isMet: (status) => status !== null && status.generation >= wanted && isUp(status),
    };
  }
  if (Object.hasOwn(states, word)) {
    return { name: word, isMet: states[word as keyof typeof states] };
  }
  const known = 'op:ID, ready, healthy, stopped or generation=N';
  throw usageError(`CONDITION: expected ${known}, not ${JSON.stringify(word)}`);
}

/** Requests are answered. */
const isUp = ({ mode, workers, paused }: StatusView): boolean =>
  mode !== 'starting' && mode !== 'stopping' && workers.ready > 0 && !paused;

const states = {
  ready: (status: StatusView | null) => status !== null && isUp(status),
  /** As it should be, and nothing under way. */
  healthy: (status: StatusView | null) =>
    status !== null &&
    isUp(status) &&
    status.mode === 'serving' &&
    !status.degraded &&
    status.workers.degraded === 0 &&
    status.workers.ready >= status.workers.wanted,
  stopped: (status: StatusView | null) => status === null,
} as const;
