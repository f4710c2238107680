import { answer, type Draft } from './draft.ts';
import type { WorkerChange } from './event.ts';
import { gatewaysReady } from './gateways.ts';
import { undoScale } from './scaling.ts';
import { countReady, slotIsFilled } from './slots.ts';
import { type Child, type Goal, isWorker } from './state.ts';

/** Tells everybody whose operation it concerns what became of a worker. */
export function changed(
  draft: Draft,
  child: Child,
  outcome: WorkerChange['outcome'],
  detail: string | null = null,
): void {
  const { role, slot, pid, generation } = child;
  for (const [op, goal] of draft.operations) {
    if (!concerns(goal, child)) continue;
    const change = isWorker(child) ? { slot, pid, generation, outcome, detail } : null;
    const text = `${role} ${slot} (pid ${pid ?? '?'}, generation ${generation}) ${words[outcome]}`;
    draft.effects.push({
      do: 'progress',
      op,
      phase: goal.goal,
      text,
      change,
      steps: stepsOf(draft),
    });
  }
}

const words: Record<WorkerChange['outcome'], string> = {
  ready: 'serves',
  left: 'has left',
  failed: 'failed',
  parked: 'is parked',
  returned: 'serves again',
  unchanged: 'is as it was',
};

export function tellPhase(draft: Draft, goal: Goal['goal'], phase: string, text: string): void {
  for (const [op, { goal: of }] of draft.operations) {
    if (of !== goal) continue;
    draft.effects.push({ do: 'progress', op, phase, text, change: null, steps: stepsOf(draft) });
  }
}

const stepsOf = (draft: Draft) => ({ done: countReady(draft), total: draft.target });

function concerns(goal: Goal, child: Child): boolean {
  const { id, slot, generation } = child;
  switch (goal.goal) {
    case 'scale':
      return isWorker(child) && slot >= Math.min(goal.from, goal.to);
    case 'reload':
    case 'confirm':
      return [goal.generation, goal.previous].includes(generation);
    case 'rollback':
      return [goal.generation, goal.failed].includes(generation);
    case 'recycle':
      if (!isWorker(child)) return false;
      return goal.children.has(id) || [...goal.children.values()].includes(slot);
    case 'upgrade':
      return false;
    case 'abort':
    case 'stop':
      return true;
    default:
      return goal.child === id;
  }
}

/** Answers those whose goal is reached. What ends a reload, an upgrade or a stop answers by itself. */
export function settleOperations(draft: Draft): void {
  for (const [op, goal] of draft.operations) {
    const result = resultOf(draft, goal);
    if (result) answer(draft, op, { ok: true, result });
  }
}

function resultOf(draft: Draft, goal: Goal): Record<string, unknown> | null {
  switch (goal.goal) {
    case 'scale':
      return isScaled(draft, goal) ? { from: goal.from, to: goal.to, changed: true } : null;
    case 'abort':
      return isBack(draft, goal.failed) ? { aborted: goal.aborted, method: goal.method } : null;
    case 'confirm':
      return has(draft, goal.previous) ? null : { generation: draft.generation };
    case 'rollback':
      return isBack(draft, goal.failed) ? { generation: draft.generation } : null;
    case 'recycle':
      return isRecycled(draft, goal.children) ? {} : null;
    case 'drain':
      return draft.children.get(goal.child)?.worker.phase === 'parked' ? {} : null;
    default:
      return null;
  }
}

/** All slots have their workers again, and those of the generation that was given up are gone. */
const isBack = (draft: Draft, failed: number): boolean =>
  countReady(draft) >= draft.target && gatewaysReady(draft) && !has(draft, failed);

const isRecycled = (draft: Draft, children: ReadonlyMap<number, number>): boolean =>
  ![...children.keys()].some((id) => draft.children.has(id)) &&
  [...children.values()].every((slot) => isServed(draft, slot));

/** Somebody serves there, or nobody is wanted there any more. */
const isServed = (draft: Draft, slot: number): boolean =>
  slot >= draft.target || slotIsFilled(draft, slot);

const has = (draft: Draft, generation: number): boolean =>
  [...draft.children.values()].some((child) => child.generation === generation);

/** The slots that were added serve, or those that were taken away are empty. */
function isScaled(draft: Draft, { from, to }: { from: number; to: number }): boolean {
  const end = Math.min(to, draft.target);
  for (let slot = from; slot < end; slot += 1) if (!slotIsFilled(draft, slot)) return false;
  const beyond = Math.max(to, draft.target);
  return to > from || [...draft.children.values()].every((child) => isGone(child, beyond));
}

/** Or there only in case of a rollback. */
const isGone = ({ role, slot, worker }: Child, beyond: number): boolean =>
  role === 'gateway' || slot < beyond || (worker.phase === 'parked' && worker.by === 'reload');

/** A worker could not boot: what was to bring it has failed, and what was there before stays. */
export function failOperationsFor(draft: Draft, child: Child, message: string): void {
  for (const [op, goal] of draft.operations) {
    if (!concerns(goal, child)) continue;
    if (goal.goal === 'scale' && goal.to > goal.from && child.slot >= goal.from)
      undoScale(draft, goal);
    else if (goal.goal === 'recycle') keepRecycled(draft, goal.children);
    else if (!isMissedBy(draft, goal, child)) continue;
    answer(draft, op, { ok: false, why: 'failed', message });
  }
}

/** What was to be as before is not whole, however often it is tried again. */
const isMissedBy = (draft: Draft, { goal }: Goal, { generation, slot }: Child): boolean =>
  (goal === 'abort' || goal === 'rollback') &&
  generation === draft.generation &&
  slot < draft.target;

/** Those that are left of them serve on. */
function keepRecycled(draft: Draft, children: ReadonlyMap<number, number>): void {
  for (const id of children.keys()) {
    const child = draft.children.get(id);
    if (child?.recycle === 'requested') draft.children.set(id, { ...child, recycle: null });
  }
}

/** It has died: nothing else can come of what was asked of it. */
export function settleDead(draft: Draft, { id, slot }: Child, words: string): void {
  for (const [op, goal] of draft.operations) {
    if (!('child' in goal) || goal.child !== id) continue;
    if (goal.goal === 'kill') answer(draft, op, { ok: true, result: {} });
    else answer(draft, op, { ok: false, why: 'failed', message: `Worker ${slot} died: ${words}` });
  }
}
