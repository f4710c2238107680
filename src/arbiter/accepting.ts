import type { ListenerSet } from '../sockets/listener-set.ts';
import { type ArbiterState, type ChildId, isServing, rollOf } from './state.ts';

/** Nobody will accept after this worker on some address that a reload has given up. */
export function isLastAcceptor(
  state: ArbiterState,
  id: ChildId,
  listeners: ListenerSet,
  warn: (message: string) => void,
): boolean {
  const { children, generation: current } = state;
  const generation = children.get(id)?.generation ?? current;
  if (generation === current) return false;
  const roll = rollOf(state);
  const mayReturn = roll !== null && roll.stage.kind !== 'retiring';
  if (mayReturn && roll.previous === generation) return false;
  for (const child of children.values()) {
    if (child.generation === generation && isServing(child)) return false;
  }
  return listeners.refuseDropped(generation, warn);
}

/** With `reuse_port` the slot of a worker goes in and out of rotation with it. */
export function steer(
  state: ArbiterState,
  id: ChildId,
  active: boolean,
  listeners: ListenerSet,
): void {
  const slot = state.children.get(id)?.slot;
  if (slot === undefined) return;
  if (active) listeners.setActive(slot, true);
  else leaveSlot(state, slot, listeners);
}

/** With `reuse_port` a slot where nobody serves gets no connections, and one beyond the target ends. */
export function leaveSlot(state: ArbiterState, slot: number, listeners: ListenerSet): void {
  const others = [...state.children.values()].filter((child) => child.slot === slot);
  if (!others.some(isServing)) listeners.setActive(slot, false);
  if (others.length === 0 && slot >= state.target) listeners.closeSlot(slot);
}
