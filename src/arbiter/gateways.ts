import { type Draft, update } from './draft.ts';
import { dismiss, retire } from './leave.ts';
import {
  type ArbiterState,
  type Child,
  canAbort,
  edgeOf,
  gatewaysFor,
  gatewaysOf,
  isParked,
  isStaying,
  isUp,
  policyOf,
  rollOf,
} from './state.ts';

/** Where a gateway has to be. */
export interface Post {
  slot: number;
  generation: number;
}

const isGateway = ({ role }: Child): boolean => role === 'gateway';

/** Those of both generations, as long as the new one may be given up. */
export function listPosts(state: ArbiterState): Post[] {
  const { generation, target } = state;
  const roll = rollOf(state);
  if (!roll || !canAbort(roll) || target === 0) return postsOf(state, generation, target);
  const { previous, previousTarget } = roll;
  if (policyOf(state, previous).edge === policyOf(state).edge)
    return postsOf(state, generation, Math.max(target, previousTarget));
  return [...postsOf(state, generation, target), ...postsOf(state, previous, previousTarget)];
}

/** None without a worker of its own. */
const postsOf = (state: ArbiterState, generation: number, workers: number): Post[] =>
  Array.from({ length: Math.min(workers, policyOf(state, generation).gateways) }, (_, slot) => ({
    slot,
    generation,
  }));

export const isAtPost = (state: ArbiterState, child: Child, post: Post): boolean =>
  isGateway(child) &&
  isStaying(child) &&
  child.recycle === null &&
  child.slot === post.slot &&
  edgeOf(state, child) === policyOf(state, post.generation).edge;

export const isWantedGateway = (state: ArbiterState, child: Child): boolean =>
  listPosts(state).some((post) => isAtPost(state, child, post));

/** The gateways of the wanted generation serve. */
export function gatewaysReady(state: ArbiterState): boolean {
  const children = [...state.children.values()];
  return listPosts(state)
    .filter(({ generation }) => generation === state.generation)
    .every((post) => children.some((child) => isUp(child) && isAtPost(state, child, post)));
}

/** Nobody is there, and nobody is just failing there, whose exit decides what comes next. */
export function isVacant(state: ArbiterState, post: Post): boolean {
  return ![...state.children.values()].some(
    (child) => isAtPost(state, child, post) || isFailingAt(state, child, post),
  );
}

const isFailingAt = (state: ArbiterState, child: Child, { slot, generation }: Post): boolean =>
  isGateway(child) &&
  child.slot === slot &&
  edgeOf(state, child) === policyOf(state, generation).edge &&
  (child.worker.phase === 'failed' ||
    ('why' in child.worker && child.worker.why === 'boot-timeout'));

/** What those that the slot of a worker has no need for must wait for: that nobody depends on them. */
export function mayLeave(state: ArbiterState, child: Child): boolean {
  const { edge, gateways } = policyOf(state);
  const roll = rollOf(state);
  const same = edgeOf(state, child) === edge;
  if (same && child.slot % gateways < state.target) return true;
  if (!same && roll && canAbort(roll) && child.generation === roll.previous) return false;
  return gatewaysFor(state, child).length === 0;
}

/** Gateways that are of no use any more go as soon as others are there instead. */
export function dismissGateways(draft: Draft, now: number): void {
  const ready = gatewaysReady(draft);
  for (const child of [...draft.children.values()]) {
    if (!isGateway(child) || !isStaying(child) || isWantedGateway(draft, child)) continue;
    const same = edgeOf(draft, child) === policyOf(draft).edge;
    const why = child.recycle ?? (same ? 'scaled' : 'reload');
    if (!isUp(child)) dismiss(draft, child, why, now);
    else if (isParked(child) ? !awaitsConfirmation(draft, child) : ready && !isKept(draft, child))
      retire(draft, child, why, now);
  }
}

const awaitsConfirmation = (state: ArbiterState, { generation }: Child): boolean => {
  const roll = rollOf(state);
  return roll?.stage.kind === 'confirming' && roll.previous === generation;
};

/** It is parked by whoever leads the reload; or its own successor is not there. */
function isKept(state: ArbiterState, child: Child): boolean {
  if (awaitsConfirmation(state, child)) return edgeOf(state, child) !== policyOf(state).edge;
  const post = listPosts(state).find(
    ({ slot, generation }) =>
      slot === child.slot && policyOf(state, generation).edge === edgeOf(state, child),
  );
  if (!post) return false;
  return ![...state.children.values()].some((one) => isUp(one) && isAtPost(state, one, post));
}

/** A gateway that serves the wanted generation as well as its own belongs to it from now on. */
export function adoptGateways(draft: Draft): void {
  const { generation } = draft;
  for (const child of gatewaysOf(draft, policyOf(draft).edge)) {
    if (child.generation !== generation) update(draft, child, { generation });
  }
}
