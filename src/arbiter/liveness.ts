import { type Draft, enter, log } from './draft.ts';
import { dump, kill } from './leave.ts';
import { nextRetry } from './plan.ts';
import { stageDeadline } from './roll.ts';
import { isWanted } from './slots.ts';
import {
  type ArbiterState,
  type Child,
  isWorker,
  keyOf,
  policyOf,
  type WorkerState,
} from './state.ts';
import { failUpgrade } from './upgrading.ts';
import { recycle } from './worker-events.ts';

/** Lateness worth a line in the log; whatever is shorter than a turn of the loop is none at all. */
const notableMs = 1000;
const shortestMs = 50;

/** Looks at every deadline that `now` has passed. */
export function enforceDeadlines(draft: Draft, now: number): void {
  for (const child of [...draft.children.values()]) enforce(draft, child, now);
  if (draft.mode.kind === 'upgrading' && draft.mode.deadline <= now) {
    draft.effects.push({ do: 'cancel-upgrade' });
    failUpgrade(draft, 'the new program was not ready in time');
  }
}

function enforce(draft: Draft, child: Child, now: number): void {
  const { worker } = child;
  switch (worker.phase) {
    case 'booting':
      if (worker.bootDeadline > now) return;
      log(
        draft,
        'critical',
        `${child.role.toUpperCase()} TIMEOUT (pid:${child.pid}): not ready within boot_timeout`,
        child,
      );
      return dump(draft, child, 'boot-timeout', now);
    case 'ready':
    case 'parking':
    case 'parked':
      return enforceUp(draft, child, worker, now);
    case 'dumping':
    case 'draining':
      if (worker.killAt <= now) kill(draft, child, worker.why);
      return;
    case 'failed':
      // It stays `failed`: its own words say why it left, and not that we had to help.
      if (worker.killAt > now) return;
      enter(draft, child, { ...worker, killAt: Number.POSITIVE_INFINITY });
      draft.effects.push({ do: 'signal', child: child.id, signal: 'SIGKILL' });
      return;
    case 'killed':
  }
}

type Up = Extract<WorkerState, { lastBeat: number }>;

function enforceUp(draft: Draft, child: Child, worker: Up, now: number): void {
  const { timeoutMs, maxAgeMs, stableMs } = policyOf(draft, child.generation);
  if (timeoutMs > 0 && worker.lastBeat + timeoutMs <= now) {
    log(draft, 'critical', `${child.role.toUpperCase()} TIMEOUT (pid:${child.pid})`, child);
    return dump(draft, child, 'timeout', now);
  }
  if (isWanted(draft, child) && worker.since + stableMs <= now) draft.failures.delete(keyOf(child));
  if (ages(child, maxAgeMs) && worker.since + maxAgeMs <= now) {
    recycle(draft, child, 'recycled-age', `${Math.round(maxAgeMs / 1000)} s`);
  }
}

/** One that is parked gets no older. */
const ages = (child: Child, maxAgeMs: number): boolean =>
  maxAgeMs > 0 && isWorker(child) && child.recycle === null && child.worker.phase === 'ready';

/** Moves every deadline by the time in which the arbiter itself did not run. */
export function forgive(draft: Draft, lateMs: number): void {
  if (lateMs < shortestMs) return;
  if (lateMs >= notableMs) logLateness(draft, lateMs);
  for (const child of [...draft.children.values()])
    enter(draft, child, shift(child.worker, lateMs));
  const { mode } = draft;
  if (mode.kind === 'upgrading') draft.mode = { ...mode, deadline: mode.deadline + lateMs };
  if (mode.kind === 'reloading' && mode.roll?.stage.kind === 'confirming') {
    const stage = { ...mode.roll.stage, deadline: mode.roll.stage.deadline + lateMs };
    draft.mode = { ...mode, roll: { ...mode.roll, stage } };
  }
}

function logLateness(draft: Draft, lateMs: number): void {
  log(
    draft,
    'warning',
    `The arbiter did not run for ${Math.round(lateMs)} ms: deadlines are moved`,
  );
}

function shift(worker: WorkerState, ms: number): WorkerState {
  switch (worker.phase) {
    case 'booting':
      return { ...worker, bootDeadline: worker.bootDeadline + ms };
    case 'ready':
    case 'parking':
    case 'parked':
      return { ...worker, lastBeat: worker.lastBeat + ms };
    case 'killed':
      return worker;
    default:
      return { ...worker, killAt: worker.killAt + ms };
  }
}

/** When the next `tick` is due; infinity when nothing is waited for. */
export function nextWake(state: ArbiterState): number {
  const { mode } = state;
  let wake = mode.kind === 'upgrading' ? mode.deadline : Number.POSITIVE_INFINITY;
  wake = Math.min(wake, stageDeadline(state));
  for (const child of state.children.values()) wake = Math.min(wake, deadlineOf(state, child));
  if (mode.kind === 'starting' || mode.kind === 'stopping') return wake;
  return Math.min(wake, nextRetry(state));
}

function deadlineOf(state: ArbiterState, child: Child): number {
  const { worker } = child;
  switch (worker.phase) {
    case 'booting':
      return worker.bootDeadline;
    case 'ready':
    case 'parking':
    case 'parked': {
      const { timeoutMs, maxAgeMs, stableMs } = policyOf(state, child.generation);
      const silent = timeoutMs > 0 ? worker.lastBeat + timeoutMs : Number.POSITIVE_INFINITY;
      const aged = ages(child, maxAgeMs) ? worker.since + maxAgeMs : silent;
      const counts = isWanted(state, child) && state.failures.has(keyOf(child));
      const stable = counts ? worker.since + stableMs : silent;
      return Math.min(silent, aged, stable);
    }
    case 'killed':
      return Number.POSITIVE_INFINITY;
    default:
      return worker.killAt;
  }
}
