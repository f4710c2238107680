import { type Draft, enter, log, update } from './draft.ts';
import type { Outcome } from './event.ts';
import { kill, retire } from './leave.ts';
import { isOut, park, unpark } from './park.ts';
import { canRecycle, findInSlot } from './slots.ts';
import { type Child, type ChildId, type Goal, isUp, policyOf } from './state.ts';

/** Replaces workers that serve; each leaves when its successor is ready. */
export function recycleSome(draft: Draft, slot: number | null): Goal {
  const children = new Map<ChildId, number>();
  for (const child of [...draft.children.values()]) {
    if ((slot !== null && child.slot !== slot) || !canRecycle(draft, child)) continue;
    children.set(child.id, child.slot);
    if (child.recycle !== null) continue; // it is being replaced: only wait for that
    update(draft, child, { recycle: 'requested' });
    log(draft, 'info', `Recycling worker (pid:${child.pid}) as asked`, child);
  }
  return { goal: 'recycle', children };
}

export function drainOne(draft: Draft, slot: number): Goal | Outcome {
  const child = findInSlot(draft, slot);
  if (!child) return missing(slot);
  const goal: Goal = { goal: 'drain', child: child.id };
  if (isOut(child)) return child.worker.phase === 'parked' ? unchanged(child) : goal;
  park(draft, child, 'operator');
  log(draft, 'info', `Worker (pid:${child.pid}) is taken out of rotation`, child);
  return goal;
}

export function undrainOne(draft: Draft, slot: number): Goal | Outcome {
  const child = findInSlot(draft, slot);
  if (!child) return missing(slot);
  if (!isOut(child)) return unchanged(child);
  unpark(draft, child);
  log(draft, 'info', `Worker (pid:${child.pid}) is put back into rotation`, child);
  return { goal: 'undrain', child: child.id };
}

/** KILL ends it at once, TERM lets it finish its requests, the others are its own to make sense of. */
export function killOne(
  draft: Draft,
  slot: number,
  signal: NodeJS.Signals,
  now: number,
): Goal | Outcome {
  const child = findInSlot(draft, slot);
  if (!child) return missing(slot);
  const goal: Goal = { goal: 'kill', child: child.id };
  log(draft, 'info', `Sending ${signal} to worker (pid:${child.pid}) as asked`, child);
  const { worker } = child;
  if (worker.phase === 'booting' || (signal === 'SIGKILL' && worker.phase !== 'failed')) {
    kill(draft, child, 'why' in worker ? worker.why : 'requested');
    return goal;
  }
  if (isUp(child) && signal === 'SIGTERM') retire(draft, child, 'requested', now);
  else if (isUp(child)) {
    const killAt = now + policyOf(draft, child.generation).gracefulMs;
    enter(draft, child, { phase: 'draining', killAt, why: 'requested' });
  }
  draft.effects.push({ do: 'signal', child: child.id, signal });
  return goal;
}

const missing = (slot: number): Outcome => ({
  ok: false,
  why: 'failed',
  message: `There is no worker in slot ${slot}`,
});

const unchanged = ({ slot, pid, generation }: Child): Outcome => ({
  ok: true,
  result: { workers: [{ slot, pid, generation, outcome: 'unchanged', detail: null }] },
});
