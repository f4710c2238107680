import { assertNever } from '../core/errors.ts';
import { decideStart } from './boot.ts';
import { obey } from './commands.ts';
import { closeDraft, type Draft, openDraft } from './draft.ts';
import type { ArbiterEvent, Effect } from './event.ts';
import { onBroken, onOverdue } from './gateway-words.ts';
import { enforceDeadlines, forgive } from './liveness.ts';
import { settleOperations } from './operations.ts';
import { onParked, onUnparked } from './park.ts';
import { reconcile, releaseGenerations } from './plan.ts';
import { advanceRoll, failPreparation, startRoll } from './roll.ts';
import type { ArbiterState, Child } from './state.ts';
import { failUpgrade, finishUpgrade } from './upgrading.ts';
import * as worker from './worker-events.ts';

export interface Step {
  state: ArbiterState;
  effects: readonly Effect[];
}

/**
 * The whole mind of the arbiter: what an event at monotonic time `now` (milliseconds) makes of a
 * state, and what is to be done. Pure; the shell performs the effects in order.
 */
export function transition(state: ArbiterState, event: ArbiterEvent, now: number): Step {
  const draft = openDraft(state);
  apply(draft, event, now);
  decideStart(draft, now);
  advanceRoll(draft, now);
  reconcile(draft, now);
  releaseGenerations(draft);
  settleOperations(draft);
  return closeDraft(draft);
}

function apply(draft: Draft, event: ArbiterEvent, now: number): void {
  switch (event.type) {
    case 'start':
      return;
    case 'tick':
      forgive(draft, event.lateMs);
      return enforceDeadlines(draft, now);
    case 'prepared':
      return startRoll(draft, event.generation, event.policy);
    case 'prepare-failed':
      return failPreparation(draft, event.generation, event.reason);
    case 'policy':
      if (draft.generations.has(event.generation))
        draft.generations.set(event.generation, event.policy);
      return;
    case 'upgrade-ready':
      return finishUpgrade(draft, event.pid, now);
    case 'upgrade-failed':
      return failUpgrade(draft, event.reason);
    case 'command':
      return obey(draft, event.command, event.op, now);
    default: {
      const child = draft.children.get(event.child);
      if (child) applyToChild(draft, child, event, now);
    }
  }
}

type ChildEvent = Extract<ArbiterEvent, { child: number }>;

function applyToChild(draft: Draft, child: Child, event: ChildEvent, now: number): void {
  switch (event.type) {
    case 'spawned':
      return worker.onSpawned(draft, child, event.pid, event.requestLimit);
    case 'ready':
      return worker.onReady(draft, child, event, now);
    case 'failed':
      return worker.onFailed(draft, child, event.failure, now);
    case 'beat':
      return worker.onBeat(draft, child, event.vitals, now);
    case 'leaving':
      return worker.onLeaving(draft, child, event.why);
    case 'overdue':
      return onOverdue(draft, child, event.request, now);
    case 'broken':
      return onBroken(draft, child, event.why, now);
    case 'parked':
      return onParked(draft, child);
    case 'unparked':
      return onUnparked(draft, child);
    case 'dumped':
      return worker.onDumped(draft, child, event.stack, now);
    case 'exited':
      return worker.onExited(draft, child, event, now);
    default:
      return assertNever(event);
  }
}
