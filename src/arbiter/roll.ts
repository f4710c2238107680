import { enterStage, parkOld, returnParked, returnToPrevious, rollBack } from './confirm.ts';
import { type Draft, log, notify } from './draft.ts';
import { adoptGateways, gatewaysReady } from './gateways.ts';
import { changed, tellPhase } from './operations.ts';
import { answerReload, fail, succeed } from './reload-outcome.ts';
import { canarySlot, countReady, isWanted } from './slots.ts';
import {
  type ArbiterState,
  canAbort,
  isWorker,
  type Policy,
  type Preparation,
  type ReloadPlan,
  type Roll,
  type RollStage,
  rollOf,
} from './state.ts';

/** Has the settings read and what changed bound, off to the side; serving goes on. */
export function requestReload(draft: Draft, plan: ReloadPlan): number | null {
  const { mode } = draft;
  if (mode.kind === 'starting') {
    draft.mode = { kind: 'starting', next: 'reload' };
    log(draft, 'info', 'The reload follows when the first workers serve');
    return null;
  }
  const refusal = whyNoReload(draft);
  if (refusal !== null) {
    log(draft, 'warning', `Reload refused: ${refusal}`);
    return null;
  }
  draft.lastGeneration += 1;
  const generation = draft.lastGeneration;
  const roll = rollOf(draft);
  if (mode.kind === 'reloading' && mode.preparing !== null) {
    fail(draft, mode.preparing.generation, `superseded by generation ${generation}`);
  }
  draft.mode = { kind: 'reloading', preparing: { generation, ...plan }, roll };
  notify(draft, { notice: 'reload-started', generation });
  draft.effects.push({ do: 'prepare', generation });
  return generation;
}

/** Null when one may begin, be it in the place of another one. */
function whyNoReload({ mode, generation }: Draft): string | null {
  if (mode.kind !== 'serving' && mode.kind !== 'reloading') return `the instance is ${mode.kind}`;
  const waits = mode.kind === 'reloading' && mode.roll?.stage.kind === 'confirming';
  return waits ? `generation ${generation} waits to be confirmed` : null;
}

/** Settings are good and every address is bound: the slots go over, one after the other. */
export function startRoll(draft: Draft, generation: number, policy: Policy): void {
  draft.generations.set(generation, policy);
  const { mode } = draft;
  if (mode.kind !== 'reloading' || mode.preparing?.generation !== generation) return; // superseded
  const refusal = whyNoReload(draft);
  if (refusal !== null) return failPreparation(draft, generation, refusal);
  const unfinished = mode.roll && canAbort(mode.roll) ? mode.roll : null;
  if (unfinished) {
    fail(draft, draft.generation, `superseded by generation ${generation}`, unfinished.previous);
    returnParked(draft, unfinished.previous);
  } else if (mode.roll) succeed(draft); // only its old workers have still to leave
  const previous = unfinished?.previous ?? draft.generation;
  const previousTarget = unfinished?.previousTarget ?? draft.target;
  const roll: Roll = {
    previous,
    previousTarget,
    nextTarget: policy.workers,
    confirmMs: mode.preparing.confirmMs,
    stage: firstStage(draft, mode.preparing, policy),
  };
  draft.mode = { kind: 'reloading', preparing: null, roll };
  draft.generation = generation;
  draft.target = roll.stage.kind === 'canary' ? previousTarget : roll.nextTarget;
  draft.failures.clear();
  tellPhase(draft, 'reload', roll.stage.kind, `generation ${generation} is started`);
}

/** There is nothing to prove a canary against where nobody serves. */
function firstStage(draft: Draft, plan: Preparation, policy: Policy): RollStage {
  const forMs = plan.canaryMs ?? policy.canaryMs;
  if (forMs === null || draft.target === 0 || policy.workers === 0) return { kind: 'rolling' };
  return { kind: 'canary', forMs };
}

export function failPreparation(draft: Draft, generation: number, reason: string): void {
  const { mode } = draft;
  if (mode.kind !== 'reloading' || mode.preparing?.generation !== generation) return;
  endPreparation(draft, mode.roll);
  fail(draft, generation, reason);
}

function endPreparation(draft: Draft, roll: Roll | null): void {
  draft.mode = roll ? { kind: 'reloading', preparing: null, roll } : { kind: 'serving' };
}

/** The new generation cannot boot: what is left of the old one serves on and grows back. */
export function abortRoll(draft: Draft, reason: string): void {
  const roll = rollOf(draft);
  if (!roll || !canAbort(roll)) return;
  const failed = returnToPrevious(draft, roll);
  fail(draft, failed, reason);
}

/** Moves a roll on, stage by stage. */
export function advanceRoll(draft: Draft, now: number): void {
  const roll = rollOf(draft);
  switch (roll?.stage.kind) {
    case 'canary':
      if (draft.target > 0 && canaryDue(draft) > now) return;
      draft.target = roll.nextTarget;
      enterStage(draft, roll, { kind: 'rolling' }, 'the canary is alive');
      return advanceRoll(draft, now);
    case 'rolling':
      if (countReady(draft) < draft.target || !gatewaysReady(draft)) return;
      return switchOver(draft, roll, now);
    case 'confirming':
      parkOld(draft, roll.previous);
      if (roll.stage.deadline <= now) rollBack(draft, 'not confirmed in time');
      return;
    case 'retiring':
      return finishRoll(draft);
    default:
  }
}

/** Every slot has its new worker. */
function switchOver(draft: Draft, roll: Roll, now: number): void {
  const { generation } = draft;
  const { confirmMs, previous } = roll;
  notify(draft, { notice: 'reload-switched', generation, confirmMs });
  if (confirmMs === null) {
    enterStage(draft, roll, { kind: 'retiring' }, 'the old workers leave');
    return finishRoll(draft);
  }
  log(draft, 'info', `Generation ${generation} serves and waits to be confirmed`);
  enterStage(draft, roll, { kind: 'confirming', deadline: now + confirmMs }, 'switched');
  parkOld(draft, previous);
  for (const child of draft.children.values()) {
    if (child.worker.phase === 'parking')
      changed(draft, child, 'parked', 'it finishes its requests');
  }
  answerReload(draft, generation, {
    ok: true,
    result: { outcome: 'confirming', generation, previous, confirmWithinMs: confirmMs },
  });
}

/** Done when the old workers are gone. */
function finishRoll(draft: Draft): void {
  if (draft.mode.kind !== 'reloading') return;
  adoptGateways(draft);
  for (const child of draft.children.values()) {
    if (child.generation !== draft.generation) return;
  }
  const { preparing } = draft.mode;
  draft.mode =
    preparing === null ? { kind: 'serving' } : { kind: 'reloading', preparing, roll: null };
  succeed(draft);
}

/** When the canary has lived long enough; infinity before it serves. */
function canaryDue(state: ArbiterState): number {
  const roll = rollOf(state);
  if (roll?.stage.kind !== 'canary') return Number.POSITIVE_INFINITY;
  for (const child of state.children.values()) {
    const { slot, worker } = child;
    if (
      isWorker(child) &&
      slot === canarySlot &&
      worker.phase === 'ready' &&
      isWanted(state, child)
    )
      return worker.since + roll.stage.forMs;
  }
  return Number.POSITIVE_INFINITY;
}

/** When the stage of a roll ends by itself. */
export function stageDeadline(state: ArbiterState): number {
  const stage = rollOf(state)?.stage;
  if (stage?.kind === 'confirming') return stage.deadline;
  return stage?.kind === 'canary' ? canaryDue(state) : Number.POSITIVE_INFINITY;
}
