import type { ExitReason } from '../core/exit-reason.ts';
import { answer, type Draft, enter, log, notify } from './draft.ts';
import {
  type ArbiterState,
  type Child,
  gatewaysFor,
  isStaying,
  isUp,
  isWorker,
  policyOf,
  type StopHow,
} from './state.ts';

/** Past `graceful_timeout` a worker cuts what is left by itself; this much later it is killed. */
const cutMarginMs = 500;

/** Between asking a hung worker to leave and killing it. */
const termMs = 1000;

/** One that still boots leaves as soon as it hears of it, or else after this. */
const bootingMs = 2000;

/** Ask a serving worker for a drain. */
export function retire(draft: Draft, child: Child, why: ExitReason, now: number): void {
  if (!isUp(child)) return dismiss(draft, child, why, now);
  const graceMs = graceOf(draft, child, now);
  enter(draft, child, { phase: 'draining', killAt: now + graceMs + cutMarginMs, why });
  askToDrain(draft, child, why, graceMs);
}

/** When a stop comes to the workers of a gateway, a part of its time has passed. */
function graceOf(draft: Draft, { generation }: Child, now: number): number {
  const { gracefulMs, quickMs } = policyOf(draft, generation);
  if (draft.mode.kind !== 'stopping') return gracefulMs;
  return Math.min(gracefulMs, Math.max(quickMs, draft.mode.graceUntil - now));
}

/** It takes connections from clients. */
export const accepts = (state: ArbiterState, child: Child): boolean =>
  !isWorker(child) || policyOf(state, child.generation).gateways === 0;

/** With `reuse_port` nobody else takes what waits in its socket. */
export function isStranded(state: ArbiterState, child: Child): boolean {
  if (state.mode.kind === 'stopping') return false;
  return accepts(state, child) && child.slot >= countAcceptors(state);
}

/** How many slots have somebody who takes connections. */
export const countAcceptors = (state: ArbiterState): number =>
  Math.min(state.target, policyOf(state).gateways || state.target);

/**
 * One that boots may accept already, because it does so before we hear that it is ready; killed at
 * that moment it would take a request with it.
 */
export function dismiss(draft: Draft, child: Child, why: ExitReason, now: number): void {
  if (child.worker.phase !== 'booting' || child.pid === null) return kill(draft, child, why);
  enter(draft, child, { phase: 'draining', killAt: now + bootingMs, why, boots: true });
  askToDrain(draft, child, why, graceOf(draft, child, now));
}

/** It accepted before it heard that it was dismissed: what it has accepted gets the usual time. */
export function allowToFinish(draft: Draft, child: Child, now: number): void {
  const { worker } = child;
  if (worker.phase !== 'draining' || !worker.boots) return;
  const { gracefulMs } = policyOf(draft, child.generation);
  const killAt = now + gracefulMs + cutMarginMs;
  enter(draft, child, { phase: 'draining', killAt, why: worker.why });
}

/** One that drains already takes from it that its idle clients may not hold up a stop. */
function askToDrain(draft: Draft, child: Child, why: ExitReason, graceMs: number): void {
  const last = draft.mode.kind === 'stopping' && draft.mode.how === 'graceful';
  draft.effects.push({
    do: 'drain',
    child: child.id,
    emptyBacklog: last || why === 'scaled' || isStranded(draft, child),
    linger: last ? 'brief' : 'keepalive',
    graceMs,
  });
}

export function kill(draft: Draft, child: Child, why: ExitReason): void {
  enter(draft, child, { phase: 'killed', why });
  draft.effects.push({ do: 'signal', child: child.id, signal: 'SIGKILL' });
}

/** TERM first, for whoever can still hear it. */
export function terminate(draft: Draft, child: Child, why: ExitReason, now: number): void {
  enter(draft, child, { phase: 'draining', killAt: now + termMs, why });
  draft.effects.push({ do: 'signal', child: child.id, signal: 'SIGTERM' });
}

/** A worker that went silent: first its stack, from outside its blocked loop. */
export function dump(draft: Draft, child: Child, why: ExitReason, now: number): void {
  const killAt = now + policyOf(draft, child.generation).dumpMs;
  enter(draft, child, { phase: 'dumping', killAt, why });
  draft.effects.push({ do: 'dump', child: child.id });
}

/** End the daemon: every child leaves, workers after their gateways, and the last exit ends us. */
export function stop(
  draft: Draft,
  how: StopHow,
  now: number,
  end: { exitCode: number; reason: string | null } = { exitCode: 0, reason: null },
): void {
  if (draft.mode.kind === 'upgrading' && how !== 'handover')
    draft.effects.push({ do: 'cancel-upgrade' });
  const again = draft.mode.kind === 'stopping';
  draft.mode = { kind: 'stopping', how, ...end, graceUntil: now + policyOf(draft).gracefulMs };
  if (!again) {
    notify(draft, { notice: 'stopping', how });
    failOperations(draft, how);
    if (how !== 'handover') draft.effects.push({ do: 'refuse-new' });
  }
  for (const child of [...draft.children.values()]) {
    if (how === 'quick') quit(draft, child, now);
    else if (isStaying(child)) leaveInTurn(draft, child, now);
    else if (how === 'graceful' && child.worker.phase === 'draining')
      askToDrain(draft, child, child.worker.why, graceOf(draft, child, now));
  }
  finishStop(draft);
}

/** One child fewer. */
export function continueStop(draft: Draft, now: number): void {
  for (const child of [...draft.children.values()]) {
    if (isStaying(child)) leaveInTurn(draft, child, now);
  }
  finishStop(draft);
}

/** A gateway needs its workers to the last request. */
function leaveInTurn(draft: Draft, child: Child, now: number): void {
  if (!hasGateways(draft, child)) retire(draft, child, 'stopped', now);
}

const hasGateways = (draft: Draft, child: Child): boolean =>
  isWorker(child) && gatewaysFor(draft, child).length > 0;

/** What cannot come to its end any more. An upgrade that hands over has come to its own. */
function failOperations(draft: Draft, how: StopHow): void {
  const message = how === 'handover' ? 'A new program has taken over' : 'The instance was stopped';
  for (const [op, { goal }] of draft.operations) {
    if (goal !== 'stop') answer(draft, op, { ok: false, why: 'failed', message });
  }
}

/** Whoever was leaving already keeps its reason, and gets no longer than it had. */
function quit(draft: Draft, child: Child, now: number): void {
  const { worker } = child;
  if (worker.phase === 'killed') return;
  const why = 'why' in worker ? worker.why : 'stopped';
  if (!isUp(child) && worker.phase !== 'draining') return kill(draft, child, why);
  const due = now + policyOf(draft).quickMs;
  const killAt = worker.phase === 'draining' ? Math.min(worker.killAt, due) : due;
  enter(draft, child, { phase: 'draining', killAt, why });
  draft.effects.push({ do: 'quit', child: child.id });
}

function finishStop(draft: Draft): void {
  if (draft.mode.kind !== 'stopping' || draft.children.size > 0) return;
  const { exitCode, how, reason } = draft.mode;
  for (const [op, { goal }] of draft.operations) {
    if (goal === 'stop') answer(draft, op, { ok: true, result: { how } });
  }
  log(draft, exitCode === 0 ? 'info' : 'error', 'Shutting down: Master');
  if (reason) log(draft, 'error', `Reason: ${reason}`);
  draft.effects.push({ do: 'exit', code: exitCode, reason });
}
