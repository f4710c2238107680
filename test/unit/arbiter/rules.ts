import assert from 'node:assert/strict';
import { openDraft } from '../../../src/arbiter/draft.ts';
import type { ArbiterEvent, Effect } from '../../../src/arbiter/event.ts';
import { gatewaysReady } from '../../../src/arbiter/gateways.ts';
import { nextWake } from '../../../src/arbiter/liveness.ts';
import { isWanted } from '../../../src/arbiter/slots.ts';
import {
  type ArbiterState,
  type Child,
  edgeOf,
  gatewaysFor,
  gatewaysOf,
  isParked,
  isServing,
  isUp,
  isWorker,
  keyOf,
  policyOf,
  rollOf,
} from '../../../src/arbiter/state.ts';
import { type Step, transition } from '../../../src/arbiter/transition.ts';

const childrenOf = (state: ArbiterState): Child[] => [...state.children.values()];

const refuse = (): never => {
  throw new Error('transition() changed the state it was given');
};

/** Makes any change of a state throw, in its maps too. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    for (const entry of value.values()) freeze(entry);
    Object.defineProperties(value, {
      set: { value: refuse },
      delete: { value: refuse },
      clear: { value: refuse },
    });
  } else for (const entry of Object.values(value)) freeze(entry);
  return Object.freeze(value);
}

/** What must be true after every step, whatever happened. */
export function checkStep(
  before: ArbiterState,
  event: ArbiterEvent,
  step: Step,
  now: number,
): void {
  const { state, effects } = step;
  checkSlots(state);
  checkSurge(state);
  checkGenerations(before, event, step);
  for (const child of childrenOf(state)) checkChild(before, state, child);
  for (const effect of effects) checkEffect(before, state, effect);
  checkWake(state, now);
  checkPhase(before, step);
}

function checkSlots(state: ArbiterState): void {
  const draft = openDraft(state);
  const wanted = childrenOf(state).filter((child) => isWanted(draft, child));
  const places = wanted.map((child) =>
    isWorker(child) ? keyOf(child) : `${keyOf(child)} ${edgeOf(state, child)}`,
  );
  assert.equal(new Set(places).size, places.length, `two wanted children in one of ${places}`);
}

function checkSurge(state: ArbiterState): void {
  const serving = new Set(
    childrenOf(state)
      .filter((child) => isWorker(child) && isServing(child))
      .map(({ slot }) => slot),
  );
  const successors = childrenOf(state).filter(
    ({ role, slot, worker }) =>
      role === 'worker' && worker.phase === 'booting' && serving.has(slot),
  );
  if (state.mode.kind === 'stopping') return;
  // Beside a canary those go on booting that the old settings have allowed.
  const roll = rollOf(state);
  const surge = Math.max(policyOf(state).surge, roll ? policyOf(state, roll.previous).surge : 0);
  assert.ok(successors.length <= surge, `${successors.length} boot beside others`);
}

/** Held as long as somebody needs it, given back once when nobody does. */
function checkGenerations(
  before: ArbiterState,
  event: ArbiterEvent,
  { state, effects }: Step,
): void {
  for (const { generation } of childrenOf(state)) assert.ok(state.generations.has(generation));
  assert.ok(state.generations.has(state.generation));
  const roll = rollOf(state);
  if (roll && roll.stage.kind !== 'retiring') assert.ok(state.generations.has(roll.previous));
  const held = new Set(before.generations.keys());
  if (event.type === 'prepared') held.add(event.generation);
  const released = effects.flatMap((effect) =>
    effect.do === 'release' ? [effect.generation] : [],
  );
  assert.deepEqual(
    released.toSorted(),
    [...held].filter((generation) => !state.generations.has(generation)).toSorted(),
  );
}

function checkChild(before: ArbiterState, after: ArbiterState, child: Child): void {
  const { worker } = child;
  const was = before.children.get(child.id);
  if (worker.phase === 'booting') assert.ok(nextWake(after) <= worker.bootDeadline);
  if ('killAt' in worker) assert.ok(nextWake(after) <= worker.killAt);
  if (isUp(child) && 'lastBeat' in worker) {
    const { timeoutMs } = policyOf(after, child.generation);
    if (timeoutMs > 0) assert.ok(nextWake(after) <= worker.lastBeat + timeoutMs);
  }
  if (was && 'why' in was.worker) {
    assert.equal('why' in worker && worker.why, was.worker.why, 'a reason is recorded once');
  }
  if (was && isServing(was)) {
    checkLeave(after, child);
    checkOrder(after, child);
  }
}

/** An operator wants it to be gone, or out of rotation. */
const isAsked = ({ worker }: Child): boolean =>
  ('by' in worker && worker.by === 'operator') || ('why' in worker && worker.why === 'requested');

/** Clients reach a worker through its gateway, to the last request. */
function checkOrder(after: ArbiterState, child: Child): void {
  const { worker } = child;
  const quick = after.mode.kind === 'stopping' && after.mode.how === 'quick';
  if (!isWorker(child) || quick || isAsked(child)) return;
  const leaves =
    worker.phase === 'draining' && ['reload', 'stopped', 'scaled'].includes(worker.why);
  if (!leaves && worker.phase !== 'parking') return;
  const { edge, gateways } = policyOf(after, child.generation);
  const goesOn = after.mode.kind !== 'stopping' && edge === policyOf(after).edge;
  if (goesOn && child.slot % gateways < after.target) return;
  const open = gatewaysFor(after, child).filter((gateway) => leaves || !isParked(gateway));
  assert.equal(open.length, 0, `worker ${child.id} leaves before its gateway`);
}

/** A serving worker leaves when it hung, or when there is somebody in its place or no place for it. */
function checkLeave(after: ArbiterState, child: Child): void {
  const { worker, slot } = child;
  if (worker.phase === 'ready' || worker.phase === 'dumping' || isAsked(child)) return;
  if ('why' in worker && worker.why === 'crashed') return; // it has broken its link
  if (after.mode.kind === 'stopping' || after.target === 0) return;
  if (!isWorker(child)) {
    assert.ok(gatewaysReady(after), `gateway ${child.id} has to leave before others serve`);
    return;
  }
  const edge = edgeOf(after, child);
  if (slot >= after.target || (edge !== '' && !gatewaysOf(after, edge).some(isServing))) return;
  const draft = openDraft(after);
  const replaced = childrenOf(after).some(
    (other) => other.slot === slot && isUp(other) && isWanted(draft, other),
  );
  assert.ok(replaced, `worker ${child.id} has to leave with nobody in its place`);
}

function checkEffect(before: ArbiterState, after: ArbiterState, effect: Effect): void {
  if (effect.do === 'exit') {
    assert.equal(after.mode.kind, 'stopping');
    assert.equal(after.children.size, 0, 'exit with children');
  }
  if (!('child' in effect)) return;
  assert.ok(after.children.has(effect.child), `${effect.do} for an unknown child`);
  assert.equal(before.children.has(effect.child), effect.do !== 'spawn');
}

/** Whatever is due now is dealt with in one tick: the loop never spins. */
function checkWake(state: ArbiterState, now: number): void {
  const { state: ticked } = transition(state, { type: 'tick', lateMs: 0 }, now);
  const wake = nextWake(ticked);
  assert.ok(wake > now, `wakes at ${wake} again and again, being at ${now}`);
}

function checkPhase(before: ArbiterState, { state, effects }: Step): void {
  const exits = effects.filter((effect) => effect.do === 'exit').length;
  if (state.mode.kind === 'stopping') {
    const isOver = before.mode.kind === 'stopping' && before.children.size === 0;
    assert.equal(exits, state.children.size === 0 && !isOver ? 1 : 0, 'exit comes once');
  }
  if (state.mode.kind === 'starting') {
    const pending = childrenOf(state).some((child) => !isServing(child));
    assert.ok(pending, 'starts without an end');
  }
}
