import type { ExitReason } from '../core/exit-reason.ts';
import type { Draft } from './draft.ts';
import { dismissGateways, isVacant, listPosts, mayLeave } from './gateways.ts';
import { dismiss, isStranded, retire } from './leave.ts';
import { park } from './park.ts';
import { generationFor, isWanted } from './slots.ts';
import {
  type ArbiterState,
  type Child,
  isServing,
  isStaying,
  isUp,
  isWorker,
  keyOf,
  type Place,
  policyOf,
  rollOf,
} from './state.ts';

/**
 * Compares what is there with what is wanted and takes the next steps. Boot, reload, roll-back,
 * scaling, recycling and the replacement of the dead are all this one rule: each slot below
 * `target` has one worker of the wanted generation that is not to be recycled, and whoever else is
 * in the slot leaves when that one is ready.
 */
export function reconcile(draft: Draft, now: number): void {
  if (draft.mode.kind === 'stopping') return;
  fillPosts(draft, now);
  const slots = groupBySlot(draft);
  const surge = { left: surgeLeft(draft, slots) };
  for (let slot = 0; slot < draft.target; slot += 1) fillSlot(draft, slots, slot, surge, now);
  emptySurplusSlots(draft, slots, now);
  dismissGateways(draft, now);
}

/** When the first slot that nothing but its back-off keeps empty may be tried again. */
export function nextRetry(state: ArbiterState): number {
  const slots = groupBySlot(state);
  const full = surgeLeft(state, slots) <= 0;
  let retry = Number.POSITIVE_INFINITY;
  for (const { role, slot, retryAt } of state.failures.values()) {
    const members = slots.get(slot) ?? [];
    const open =
      role === 'gateway'
        ? listPosts(state).some((post) => post.slot === slot && isVacant(state, post))
        : !isFailing(state, slot) &&
          !members.some((child) => isWanted(state, child) || (full && isServing(child)));
    if (open) retry = Math.min(retry, retryAt);
  }
  return retry;
}

/** Every post has its gateway. */
function fillPosts(draft: Draft, now: number): void {
  const posts = listPosts(draft);
  for (const { slot, generation } of posts) {
    const place: Place = { role: 'gateway', slot };
    if (!isVacant(draft, { slot, generation }) || mustWait(draft, place, now)) continue;
    spawn(draft, place, generation, now);
  }
  for (const [key, { role, slot }] of draft.failures) {
    if (role === 'gateway' && !posts.some((post) => post.slot === slot)) draft.failures.delete(key);
  }
}

/** Until a reload has switched, slots that the new settings no longer want serve on. */
function holdsOldSlots(state: ArbiterState): boolean {
  const roll = rollOf(state);
  return roll !== null && roll.stage.kind !== 'retiring';
}

/** After the switch only the old generation is kept where nobody is wanted. */
function isHeld(state: ArbiterState, child: Child): boolean {
  const roll = rollOf(state);
  if (roll === null || !holdsOldSlots(state) || !isUp(child)) return false;
  return roll.stage.kind !== 'confirming' || child.generation === roll.previous;
}

/** Parked by a reload that cannot be taken back any more. */
const isForgone = (state: ArbiterState, { worker }: Child): boolean =>
  'by' in worker && worker.by === 'reload' && !holdsOldSlots(state);

type Slots = ReadonlyMap<number, Child[]>;

function groupBySlot(state: ArbiterState): Slots {
  const slots = new Map<number, Child[]>();
  for (const child of state.children.values()) {
    if (!isWorker(child) || !isStaying(child)) continue;
    const members = slots.get(child.slot);
    if (members) members.push(child);
    else slots.set(child.slot, [child]);
  }
  return slots;
}

/** How many more may boot beside one that serves: `reload_surge` bounds them. */
function surgeLeft(state: ArbiterState, slots: Slots): number {
  let left = policyOf(state).surge;
  for (const members of slots.values()) {
    if (!members.some(isServing)) continue;
    left -= members.filter((child) => !isServing(child) && isWanted(state, child)).length;
  }
  return left;
}

function fillSlot(draft: Draft, slots: Slots, slot: number, surge: { left: number }, now: number) {
  const members = slots.get(slot) ?? [];
  const wanted = members.find((child) => isWanted(draft, child));
  const others = members.filter((child) => child !== wanted);
  for (const other of others) makeRoom(draft, other, wanted, now);
  const place: Place = { role: 'worker', slot };
  if (wanted || mustWait(draft, place, now)) return;
  if (isFailing(draft, slot)) return; // its exit decides what comes next
  if (others.some(isServing)) {
    if (surge.left <= 0) return;
    surge.left -= 1;
  }
  spawn(draft, place, generationFor(draft, slot), now);
}

/** For one that is wanted, and perhaps there. */
function makeRoom(draft: Draft, other: Child, wanted: Child | undefined, now: number): void {
  if (!isUp(other)) return dismiss(draft, other, reasonToLeave(draft, other), now);
  if (!mayLeave(draft, other)) return;
  if ((wanted && isUp(wanted)) || isForgone(draft, other)) replace(draft, other, now);
}

/** Somebody else serves in its slot. */
function replace(draft: Draft, child: Child, now: number): void {
  const roll = rollOf(draft);
  const isOld = roll !== null && child.generation === roll.previous;
  if (isOld && roll.stage.kind === 'canary') return; // it may have to go on alone
  if (isOld && roll.confirmMs !== null && holdsOldSlots(draft)) {
    return park(draft, child, 'reload');
  }
  if (isStranded(draft, child)) draft.effects.push({ do: 'release-slot', slot: child.slot });
  retire(draft, child, reasonToLeave(draft, child), now);
}

/** Its worker could not boot and is on its way out. */
const isFailing = (state: ArbiterState, slot: number): boolean =>
  [...state.children.values()].some(
    ({ role, slot: of, generation, worker }) =>
      role === 'worker' &&
      of === slot &&
      generation === generationFor(state, slot) &&
      (worker.phase === 'failed' || ('why' in worker && worker.why === 'boot-timeout')),
  );

/** A slot whose workers failed waits; while starting it does not try again at all. */
function mustWait(draft: Draft, place: Place, now: number): boolean {
  const failed = draft.failures.get(keyOf(place));
  return failed !== undefined && (draft.mode.kind === 'starting' || failed.retryAt > now);
}

function spawn(draft: Draft, { role, slot }: Place, generation: number, now: number): void {
  draft.lastChild += 1;
  const child = draft.lastChild;
  draft.children.set(child, {
    id: child,
    role,
    slot,
    generation,
    spawnedAt: now,
    pid: null,
    kind: null,
    worker: { phase: 'booting', bootDeadline: now + policyOf(draft, generation).bootMs },
    vitals: { inFlight: 0, requests: 0, connections: 0, rssBytes: 0, lagMs: 0 },
    recycle: null,
    requestLimit: 0,
    stack: null,
  });
  draft.effects.push({ do: 'spawn', child, role, slot, generation });
}

function reasonToLeave(draft: Draft, child: Child): ExitReason {
  if (child.recycle) return child.recycle;
  return child.generation === draft.generation ? 'scaled' : 'reload';
}

function emptySurplusSlots(draft: Draft, slots: Slots, now: number): void {
  const held = holdsOldSlots(draft);
  for (const [slot, members] of slots) {
    if (slot < draft.target) continue;
    const leaving = members.filter(
      (child) => !isHeld(draft, child) && (!isUp(child) || mayLeave(draft, child)),
    );
    if (leaving.some((child) => (!held || isUp(child)) && isStranded(draft, child)))
      draft.effects.push({ do: 'release-slot', slot });
    for (const child of leaving) retire(draft, child, 'scaled', now);
  }
  for (const [key, { role, slot }] of draft.failures)
    if (role === 'worker' && slot >= draft.target) draft.failures.delete(key);
}

/** Gives back the listeners of generations that nobody runs and nobody could return to. */
export function releaseGenerations(draft: Draft): void {
  if (draft.mode.kind === 'stopping') return;
  const needed = new Set([draft.generation]);
  const roll = rollOf(draft);
  if (roll) needed.add(roll.previous);
  for (const child of draft.children.values()) needed.add(child.generation);
  for (const generation of draft.generations.keys()) {
    if (needed.has(generation)) continue;
    draft.generations.delete(generation);
    draft.effects.push({ do: 'release', generation });
  }
}
