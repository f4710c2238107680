import { isWantedGateway } from './gateways.ts';
import {
  type ArbiterState,
  type Child,
  isParked,
  isServing,
  isStaying,
  isUp,
  isWorker,
  rollOf,
} from './state.ts';

/** The slot whose new worker goes first. */
export const canarySlot = 0;

/** While a canary proves itself, everybody else stays with the old generation. */
export function generationFor(state: ArbiterState, slot: number): number {
  const roll = rollOf(state);
  return roll?.stage.kind === 'canary' && slot !== canarySlot ? roll.previous : state.generation;
}

/** It is what its slot should have. */
export const isWanted = (state: ArbiterState, child: Child): boolean =>
  isWorker(child)
    ? isStaying(child) &&
      child.generation === generationFor(state, child.slot) &&
      child.recycle === null
    : isWantedGateway(state, child);

/** It can be replaced by another one like it. */
export const canRecycle = (state: ArbiterState, child: Child): boolean =>
  isWorker(child) && isUp(child) && child.generation === generationFor(state, child.slot);

/** Slots below the target that have the worker they should have, in rotation or taken out of it. */
export function countReady(state: ArbiterState): number {
  const slots = new Set<number>();
  for (const child of state.children.values()) {
    if (isWorker(child) && isSettled(state, child) && child.slot < state.target)
      slots.add(child.slot);
  }
  return slots.size;
}

export const slotIsFilled = (state: ArbiterState, slot: number): boolean =>
  [...state.children.values()].some(
    (child) => isWorker(child) && child.slot === slot && isSettled(state, child),
  );

const isSettled = (state: ArbiterState, child: Child): boolean =>
  (isServing(child) || isParked(child)) && isWanted(state, child);

/** The worker that an operator means by a slot: the one that should be there, else the one that is. */
export function findInSlot(state: ArbiterState, slot: number): Child | undefined {
  const members = [...state.children.values()].filter(
    (child) => isWorker(child) && child.slot === slot,
  );
  return (
    members.find((child) => isWanted(state, child) && !isBooting(child)) ??
    members.find(isServing) ??
    members.at(-1)
  );
}

const isBooting = ({ worker }: Child): boolean => worker.phase === 'booting';
