import { assertNever } from '../core/errors.ts';
import { confirmRoll, rollBack } from './confirm.ts';
import { findConflict } from './conflicts.ts';
import { answer, type Draft, notify } from './draft.ts';
import type { Command, Outcome } from './event.ts';
import { stop } from './leave.ts';
import { drainOne, killOne, recycleSome, undrainOne } from './one-worker.ts';
import { abortRoll, failPreparation, requestReload } from './roll.ts';
import { addWorkers, bound, scale } from './scaling.ts';
import { canAbort, type Goal, rollOf } from './state.ts';
import { failUpgrade, requestUpgrade } from './upgrading.ts';

/** What a command leads to: an answer at once, or something to wait for; null where nobody can wait. */
type Reply = Goal | Outcome | null;

/** Does what an operator asks for; with an id it is an operation that will be answered once. */
export function obey(draft: Draft, command: Command, op: number | null, now: number): void {
  const conflict = op === null ? null : findConflict(draft, command);
  if (conflict) return answer(draft, op, { ok: false, ...conflict });
  const before = draft.effects.length;
  const reply = perform(draft, command, now);
  if (op === null) return;
  if (reply === null || 'ok' in reply) return answer(draft, op, reply ?? refused);
  draft.operations.set(op, reply);
  const text = `${reply.goal} has begun`;
  const started = {
    do: 'progress',
    op,
    phase: 'started',
    text,
    change: null,
    steps: null,
  } as const;
  draft.effects.splice(before, 0, started);
}

/** The conflicts leave nothing over that could end here. */
const refused: Outcome = { ok: false, why: 'conflict', message: 'Cannot do this now' };

function perform(draft: Draft, command: Command, now: number): Reply {
  switch (command.command) {
    case 'reload':
      return reload(draft, command);
    case 'scale':
      return scale(draft, (workers) => addWorkers(workers, command.by));
    case 'resize':
      return scale(draft, () => bound(command.to));
    case 'quiet':
      return scale(draft, () => 0);
    case 'abort':
      return abort(draft, command.reason ?? 'aborted by the operator');
    case 'confirm':
      return confirm(draft);
    case 'rollback':
      return rollback(draft, command.reason ?? 'asked for by the operator');
    case 'recycle':
      return recycleSome(draft, command.slot);
    case 'drain':
      return drainOne(draft, command.slot);
    case 'undrain':
      return undrainOne(draft, command.slot);
    case 'kill':
      return killOne(draft, command.slot, command.signal, now);
    case 'hold':
    case 'resume':
      return hold(draft, command.command === 'hold');
    case 'pause':
    case 'unpause':
      return pause(draft, command.command === 'pause');
    case 'reopen':
      draft.effects.push({ do: 'reopen' });
      return done({});
    case 'upgrade':
      return requestUpgrade(draft, now) ? { goal: 'upgrade' } : null;
    case 'stop':
      return obeyStop(draft, command.how, now);
    default:
      return assertNever(command);
  }
}

const done = (result: Record<string, unknown>): Outcome => ({ ok: true, result });

function reload(draft: Draft, command: Extract<Command, { command: 'reload' }>): Reply {
  const { canaryMs = null, confirmMs = null } = command;
  const previous = draft.generation;
  const generation = requestReload(draft, { canaryMs, confirmMs });
  return generation === null ? null : { goal: 'reload', generation, previous };
}

/** Gives up a reload that has not switched yet, or an upgrade. */
function abort(draft: Draft, reason: string): Reply {
  const { mode } = draft;
  if (mode.kind === 'upgrading') {
    const goal = abortedGoal(draft, 'upgrade');
    draft.effects.push({ do: 'cancel-upgrade' });
    failUpgrade(draft, reason);
    return goal;
  }
  if (mode.kind !== 'reloading') return null;
  const { preparing, roll } = mode;
  const rolls = roll !== null && canAbort(roll);
  const goal = abortedGoal(draft, 'reload', rolls ? draft.generation : preparing?.generation);
  if (preparing) failPreparation(draft, preparing.generation, reason);
  if (rolls) abortRoll(draft, reason);
  return goal;
}

function abortedGoal(draft: Draft, method: 'reload' | 'upgrade', failed = 0): Goal {
  const aborted = [...draft.operations].find(([, { goal }]) => goal === method)?.[0] ?? 0;
  return { goal: 'abort', aborted, method, failed };
}

function confirm(draft: Draft): Reply {
  const roll = rollOf(draft);
  if (!roll) return null;
  const goal: Goal = { goal: 'confirm', generation: draft.generation, previous: roll.previous };
  confirmRoll(draft);
  return goal;
}

function rollback(draft: Draft, reason: string): Reply {
  const failed = draft.generation;
  rollBack(draft, reason);
  return { goal: 'rollback', generation: draft.generation, failed };
}

/** Failed workers wait for `resume`; it starts them at once, without their back-off. */
function hold(draft: Draft, held: boolean): Reply {
  const changed = draft.held !== held;
  draft.held = held;
  if (!held) draft.failures.clear();
  for (const [key, failures] of draft.failures) {
    if (held && failures.role === 'worker')
      draft.failures.set(key, { ...failures, retryAt: Number.POSITIVE_INFINITY });
  }
  if (changed) notify(draft, { notice: held ? 'held' : 'resumed' });
  return done({ held, changed });
}

function pause(draft: Draft, paused: boolean): Reply {
  const changed = draft.paused !== paused;
  draft.paused = paused;
  if (changed) {
    draft.effects.push({ do: paused ? 'pause' : 'unpause' });
    notify(draft, { notice: paused ? 'paused' : 'unpaused' });
  }
  return done({ paused, changed });
}

/** A second, harder word shortens a stop; a softer one changes nothing. */
function obeyStop(draft: Draft, how: 'graceful' | 'quick', now: number): Reply {
  const { mode, children } = draft;
  if (mode.kind !== 'stopping') stop(draft, how, now);
  else if (how === 'quick' && mode.how !== 'quick' && children.size > 0)
    stop(draft, 'quick', now, { exitCode: mode.exitCode, reason: mode.reason });
  return children.size > 0 ? { goal: 'stop' } : done({ how });
}
