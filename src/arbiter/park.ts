import { answer, type Draft, enter, notify } from './draft.ts';
import { changed } from './operations.ts';
import { type Child, isParked, type ParkedBy, policyOf } from './state.ts';

/** Takes a serving worker out of rotation; it finishes what is there, and stays. */
export function park(draft: Draft, child: Child, by: ParkedBy): void {
  const { worker } = child;
  if (worker.phase !== 'ready') return;
  const { since, lastBeat } = worker;
  enter(draft, child, { phase: 'parking', by, since, lastBeat });
  overtake(draft, child, 'undrain');
  const graceMs = policyOf(draft, child.generation).gracefulMs;
  draft.effects.push({ do: 'park', child: child.id, graceMs });
}

/** It counts as serving at once: what comes waits in the backlog until it has heard of it. */
export function unpark(draft: Draft, child: Child): void {
  const { worker } = child;
  if (worker.phase !== 'parking' && worker.phase !== 'parked') return;
  const { since, lastBeat } = worker;
  enter(draft, child, { phase: 'ready', since, lastBeat, returning: true });
  overtake(draft, child, 'drain');
  draft.effects.push({ do: 'unpark', child: child.id });
}

/** Whoever wanted the contrary does not get it any more. */
function overtake(draft: Draft, { id, slot }: Child, goal: 'drain' | 'undrain'): void {
  const message = `The ${goal} of worker ${slot} was overtaken by its contrary`;
  for (const [op, other] of draft.operations) {
    if (other.goal === goal && other.child === id)
      answer(draft, op, { ok: false, why: 'failed', message });
  }
}

export function onParked(draft: Draft, child: Child): void {
  const { worker } = child;
  if (worker.phase !== 'parking') return;
  const parked = enter(draft, child, { ...worker, phase: 'parked' });
  notify(draft, { notice: `${child.role}-parked`, ...identify(child) });
  changed(draft, parked, 'parked');
}

export function onUnparked(draft: Draft, child: Child): void {
  const { worker } = child;
  if (worker.phase !== 'ready' || !worker.returning) return; // an app can say so at any time
  const { since, lastBeat } = worker;
  enter(draft, child, { phase: 'ready', since, lastBeat });
  notify(draft, { notice: `${child.role}-unparked`, ...identify(child) });
  changed(draft, child, 'returned');
  for (const [op, goal] of draft.operations) {
    if (goal.goal === 'undrain' && goal.child === child.id)
      answer(draft, op, { ok: true, result: {} });
  }
}

/** What an operator drained is where it should be; it is not missed. */
export const isOut = (child: Child): boolean =>
  isParked(child) && 'by' in child.worker && child.worker.by === 'operator';

const identify = ({ slot, pid, generation }: Child) => ({ slot, pid: pid ?? 0, generation });
