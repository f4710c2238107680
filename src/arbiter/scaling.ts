import { announce, answer, type Draft } from './draft.ts';
import type { Outcome } from './event.ts';
import { type Goal, type Roll, type RollTargets, rollOf } from './state.ts';

/** More than this is a typing error or a storm of TTIN. */
const mostWorkers = 1024;

type ScaleGoal = Extract<Goal, { goal: 'scale' }>;

/** Never down to none; where there is none already, only up. */
export const addWorkers = (workers: number, by: number): number =>
  bound(Math.max(Math.min(workers, 1), workers + by));

export const bound = (workers: number): number => Math.min(mostWorkers, workers);

/** What changes the target changes what both outcomes of a reload want. */
export function scale(
  draft: Draft,
  change: (workers: number) => number,
): ScaleGoal | Outcome | null {
  if (draft.mode.kind === 'stopping') return null;
  const from = draft.target;
  const to = change(from);
  if (to === from) return { ok: true, result: { from, to, changed: false } };
  setTarget(draft, to);
  overtakeScales(draft);
  const before = targetsOf(rollOf(draft));
  if (before) {
    const { previousTarget, nextTarget } = before;
    aim(draft, { previousTarget: change(previousTarget), nextTarget: change(nextTarget) });
  }
  return { goal: 'scale', from, to, before };
}

/** What was there before is wanted again, unless somebody has scaled since. */
export function undoScale(draft: Draft, { from, to, before }: ScaleGoal): void {
  if (draft.target !== to) return;
  setTarget(draft, from);
  if (before) aim(draft, before);
}

function setTarget(draft: Draft, to: number): void {
  announce(draft, 'info', { notice: 'scaled', from: draft.target, to });
  draft.target = to;
}

const targetsOf = (roll: Roll | null): RollTargets | null =>
  roll && { previousTarget: roll.previousTarget, nextTarget: roll.nextTarget };

function aim(draft: Draft, targets: RollTargets): void {
  const { mode } = draft;
  if (mode.kind === 'reloading' && mode.roll)
    draft.mode = { ...mode, roll: { ...mode.roll, ...targets } };
}

/** Whoever wanted what is not wanted any more does not get it. */
function overtakeScales(draft: Draft): void {
  const message = `Scaling was overtaken: ${draft.target} workers are wanted now`;
  for (const [op, goal] of draft.operations) {
    if (goal.goal !== 'scale') continue;
    const { from, to } = goal;
    const lost = to > from ? draft.target < to : draft.target > to;
    if (lost) answer(draft, op, { ok: false, why: 'failed', message });
  }
}
