import { announce, type Draft, log } from './draft.ts';
import { adoptGateways, mayLeave } from './gateways.ts';
import { tellPhase } from './operations.ts';
import { park, unpark } from './park.ts';
import {
  gatewaysOf,
  isServing,
  isWorker,
  policyOf,
  type Roll,
  type RollStage,
  rollOf,
} from './state.ts';

export function enterStage(draft: Draft, roll: Roll, stage: RollStage, text: string): void {
  if (draft.mode.kind !== 'reloading') return;
  draft.mode = { ...draft.mode, roll: { ...roll, stage } };
  tellPhase(draft, 'reload', stage.kind, text);
}

/** The operator wants to keep the new generation. */
export function confirmRoll(draft: Draft): void {
  const roll = rollOf(draft);
  if (roll?.stage.kind !== 'confirming') return;
  log(draft, 'info', `Generation ${draft.generation} is confirmed`);
  enterStage(draft, roll, { kind: 'retiring' }, 'the old workers leave');
}

/** The parked generation serves again, and the new one leaves. */
export function rollBack(draft: Draft, reason: string): void {
  const roll = rollOf(draft);
  if (roll?.stage.kind !== 'confirming') return;
  const failed = returnToPrevious(draft, roll);
  const { previous: kept } = roll;
  announce(draft, 'warning', { notice: 'rolled-back', generation: failed, reason, kept });
}

/** Gives the number of the generation that was given up. */
export function returnToPrevious(draft: Draft, roll: Roll): number {
  const failed = draft.generation;
  const preparing = draft.mode.kind === 'reloading' ? draft.mode.preparing : null;
  draft.generation = roll.previous;
  draft.target = roll.previousTarget;
  draft.mode =
    preparing === null ? { kind: 'serving' } : { kind: 'reloading', preparing, roll: null };
  draft.failures.clear();
  adoptGateways(draft);
  returnParked(draft, roll.previous);
  return failed;
}

/** Workers first, because gateways send them what comes. */
export function returnParked(draft: Draft, generation: number): void {
  const children = [...draft.children.values()];
  for (const child of children.toSorted((a, b) => Number(isWorker(b)) - Number(isWorker(a)))) {
    const { worker } = child;
    if (child.generation === generation && 'by' in worker && worker.by === 'reload')
      unpark(draft, child);
  }
}

/**
 * Also those whose slots the new settings do not want. Gateways that serve the new generation too
 * stay; others go first, because their clients need the workers.
 */
export function parkOld(draft: Draft, previous: number): void {
  const { edge } = policyOf(draft, previous);
  const shared = edge === policyOf(draft).edge;
  const waits = !shared && gatewaysOf(draft, edge).some((child) => child.worker.phase !== 'parked');
  for (const child of [...draft.children.values()]) {
    if (child.generation !== previous || !isServing(child)) continue;
    const mayPark = isWorker(child) ? !waits && (!shared || mayLeave(draft, child)) : !shared;
    if (mayPark) park(draft, child, 'reload');
  }
}
