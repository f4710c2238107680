import type { LogLevel } from '../core/logger.ts';
import { describeNotice } from './describe-notice.ts';
import type { Effect, Notice, Outcome } from './event.ts';
import type {
  ArbiterState,
  Child,
  ChildId,
  Goal,
  PlaceKey,
  Policy,
  SlotFailures,
  WorkerState,
} from './state.ts';

/** A state under construction: private to one `transition`, which stays pure seen from outside. */
export interface Draft extends ArbiterState {
  generations: Map<number, Policy>;
  children: Map<ChildId, Child>;
  failures: Map<PlaceKey, SlotFailures>;
  operations: Map<number, Goal>;
  effects: Effect[];
}

export const openDraft = (state: ArbiterState): Draft => ({
  ...state,
  generations: new Map(state.generations),
  children: new Map(state.children),
  failures: new Map(state.failures),
  operations: new Map(state.operations),
  effects: [],
});

export function closeDraft(draft: Draft): { state: ArbiterState; effects: readonly Effect[] } {
  const { effects, ...state } = draft;
  return { state, effects };
}

export function update(draft: Draft, child: Child, change: Partial<Child>): Child {
  const next = { ...child, ...change };
  draft.children.set(child.id, next);
  return next;
}

export const enter = (draft: Draft, child: Child, worker: WorkerState): Child =>
  update(draft, child, { worker });

export function log(draft: Draft, level: LogLevel, message: string, child?: Child): void {
  const about = child?.role === 'worker' ? { slot: child.slot } : {};
  draft.effects.push({ do: 'log', level, message, ...about });
}

export function notify(draft: Draft, notice: Notice): void {
  draft.effects.push({ do: 'notify', notice });
}

/** For the log as well, in the same words. */
export function announce(draft: Draft, level: LogLevel, notice: Notice): void {
  log(draft, level, describeNotice(notice));
  notify(draft, notice);
}

/** Tells whoever waits for an operation how it ended; nothing to tell for one that nobody waits for. */
export function answer(draft: Draft, op: number | null, outcome: Outcome): void {
  if (op === null) return;
  draft.operations.delete(op);
  draft.effects.push({ do: 'answer', op, outcome });
}
