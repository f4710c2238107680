import type { ListenerSet } from '../sockets/listener-set.ts';
import type { Notice } from './event.ts';
import { accepts, countAcceptors } from './leave.ts';
import { type ArbiterState, type ChildId, isServing, policyOf, rollOf } from './state.ts';

/** Nobody will accept after this worker on some address that a reload has given up. */
export function isLastAcceptor(
  state: ArbiterState,
  id: ChildId,
  listeners: ListenerSet,
  warn: (message: string) => void,
): boolean {
  const { children, generation: current } = state;
  const child = children.get(id);
  const generation = child?.generation ?? current;
  if (!child || generation === current || !accepts(state, child)) return false;
  const roll = rollOf(state);
  const mayReturn = roll !== null && roll.stage.kind !== 'retiring';
  if (mayReturn && roll.previous === generation) return false;
  for (const other of children.values()) {
    if (other.generation === generation && isServing(other) && accepts(state, other)) return false;
  }
  return listeners.refuseDropped(generation, warn);
}

/** Whether it meets clients itself. */
export function isFront(state: ArbiterState, id: ChildId): boolean {
  const child = state.children.get(id);
  return child !== undefined && accepts(state, child);
}

/** With `reuse_port` the slot of a worker goes in and out of rotation with it. */
export function steer(
  state: ArbiterState,
  id: ChildId,
  active: boolean,
  listeners: ListenerSet,
): void {
  const child = state.children.get(id);
  if (!child || !accepts(state, child)) return;
  const { slot } = child;
  if (active) listeners.setActive(slot, true);
  else leaveSlot(state, slot, listeners);
}

/** With `reuse_port` a slot where nobody serves gets no connections, and one beyond the target ends. */
function leaveSlot(state: ArbiterState, slot: number, listeners: ListenerSet): void {
  const others = [...state.children.values()].filter(
    (child) => child.slot === slot && accepts(state, child),
  );
  if (!others.some(isServing)) listeners.setActive(slot, false);
  if (others.length === 0 && slot >= countAcceptors(state)) listeners.closeSlot(slot);
}

/** Those who come into rotation, and those who are gone. */
export function follow(state: ArbiterState, notice: Notice, listeners: ListenerSet): void {
  switch (notice.notice) {
    case 'worker-ready':
    case 'gateway-ready': {
      const isGateway = notice.notice === 'gateway-ready';
      const { gateways } = policyOf(state, notice.generation);
      if (isGateway || gateways === 0) listeners.setActive(notice.slot, true);
      return;
    }
    case 'worker-exited':
    case 'gateway-exited':
      return leaveSlot(state, notice.slot, listeners);
    case 'upgrade-failed':
      return listeners.lead(true);
    default:
  }
}
