import { type Draft, log, notify } from './draft.ts';
import { isWanted } from './plan.ts';
import { isServing, type Policy } from './state.ts';

/** HUP: have the settings read and what changed bound, off to the side; serving goes on. */
export function requestReload(draft: Draft): void {
  const { mode } = draft;
  if (mode.kind === 'starting') {
    draft.mode = { kind: 'starting', next: 'reload' };
    log(draft, 'info', 'The reload follows when the first workers serve');
    return;
  }
  if (mode.kind !== 'serving' && mode.kind !== 'reloading') {
    log(draft, 'warning', `Reload refused: the instance is ${mode.kind}`);
    return;
  }
  draft.lastGeneration += 1;
  const generation = draft.lastGeneration;
  if (mode.kind === 'reloading' && mode.preparing !== null) {
    fail(draft, mode.preparing, `superseded by generation ${generation}`);
  }
  const roll = mode.kind === 'reloading' ? mode.roll : null;
  draft.mode = { kind: 'reloading', preparing: generation, roll };
  notify(draft, { notice: 'reload-started', generation });
  draft.effects.push({ do: 'prepare', generation });
}

/** Settings are good and every address is bound: the slots go over, one after the other. */
export function startRoll(draft: Draft, generation: number, policy: Policy): void {
  draft.generations.set(generation, policy);
  if (draft.mode.kind !== 'reloading' || draft.mode.preparing !== generation) return; // superseded
  const running = draft.mode.roll;
  const unfinished = running && !running.switched ? running : null;
  if (unfinished) {
    fail(draft, draft.generation, `superseded by generation ${generation}`, unfinished.previous);
  } else if (running) succeed(draft); // only its old workers have still to leave
  const fresh = { previous: draft.generation, previousTarget: draft.target, switched: false };
  draft.mode = { kind: 'reloading', preparing: null, roll: unfinished ?? fresh };
  draft.generation = generation;
  draft.target = policy.workers;
  draft.failures.clear();
}

export function failPreparation(draft: Draft, generation: number, reason: string): void {
  if (draft.mode.kind !== 'reloading' || draft.mode.preparing !== generation) return;
  const { roll } = draft.mode;
  draft.mode = roll ? { kind: 'reloading', preparing: null, roll } : { kind: 'serving' };
  fail(draft, generation, reason);
}

/** The new generation cannot boot: what is left of the old one serves on and grows back. */
export function abortRoll(draft: Draft, reason: string): void {
  if (draft.mode.kind !== 'reloading' || !draft.mode.roll || draft.mode.roll.switched) return;
  const { preparing, roll } = draft.mode;
  const failed = draft.generation;
  draft.generation = roll.previous;
  draft.target = roll.previousTarget;
  draft.mode =
    preparing === null ? { kind: 'serving' } : { kind: 'reloading', preparing, roll: null };
  draft.failures.clear();
  fail(draft, failed, reason);
}

function fail(draft: Draft, generation: number, reason: string, kept = draft.generation): void {
  log(draft, 'error', `Reload failed, generation ${kept} serves on: ${reason}`);
  notify(draft, { notice: 'reload-failed', generation, reason, kept });
}

/** Moves a roll on: switched when every slot has its new worker, done when the old ones are gone. */
export function advanceRoll(draft: Draft): void {
  if (draft.mode.kind !== 'reloading' || !draft.mode.roll) return;
  const { roll, preparing } = draft.mode;
  if (!roll.switched) {
    if (countReady(draft) < draft.target) return;
    draft.mode = { kind: 'reloading', preparing, roll: { ...roll, switched: true } };
  }
  for (const child of draft.children.values()) {
    if (child.generation !== draft.generation) return;
  }
  draft.mode =
    preparing === null ? { kind: 'serving' } : { kind: 'reloading', preparing, roll: null };
  succeed(draft);
}

function succeed(draft: Draft): void {
  log(draft, 'info', `Reload done: generation ${draft.generation} serves`);
  notify(draft, { notice: 'reload-done', generation: draft.generation });
}

/** Slots below the target that have the worker they should have. */
export function countReady(draft: Draft): number {
  const slots = new Set<number>();
  for (const child of draft.children.values()) {
    if (isServing(child) && isWanted(draft, child) && child.slot < draft.target)
      slots.add(child.slot);
  }
  return slots.size;
}
