import { backoffDelay } from '../core/backoff.ts';
import type { ExitReason } from '../core/exit-reason.ts';
import { type Draft, enter, log, notify, update } from './draft.ts';
import type { Death } from './event.ts';
import { listPosts } from './gateways.ts';
import { allowToFinish, continueStop, terminate } from './leave.ts';
import { changed, failOperationsFor, settleDead } from './operations.ts';
import { abortRoll } from './roll.ts';
import { canarySlot, generationFor } from './slots.ts';
import {
  type Child,
  edgeOf,
  type Failure,
  isUp,
  isWorker,
  keyOf,
  policyOf,
  rollOf,
  type Vitals,
} from './state.ts';

/** A worker that said why it cannot boot leaves by itself; this long it may take. */
const failedGraceMs = 2000;

export function onSpawned(draft: Draft, child: Child, pid: number, requestLimit: number): void {
  update(draft, child, { pid, requestLimit });
  log(draft, 'info', `Booting ${child.role} with pid: ${pid}`, child);
}

export interface ReadyWords {
  kind: string;
  note?: string;
}

export function onReady(draft: Draft, child: Child, { kind, note }: ReadyWords, now: number): void {
  if (child.worker.phase === 'draining') return allowToFinish(draft, child, now);
  if (child.worker.phase !== 'booting') return;
  const { role, slot, generation } = child;
  const worker = { phase: 'ready', since: now, lastBeat: now } as const;
  if (isFirstOfKind(draft, child)) log(draft, 'info', `Using worker: ${kind}`);
  const ready = update(draft, child, { worker, kind });
  if (note) log(draft, 'info', note, child);
  changed(draft, ready, 'ready');
  notify(draft, { notice: `${role}-ready`, slot, pid: child.pid ?? 0, generation });
}

/** What serves a Python app is known when it is loaded. */
const isFirstOfKind = (draft: Draft, { role, generation }: Child): boolean =>
  role === 'worker' &&
  policyOf(draft, generation).gateways > 0 &&
  ![...draft.children.values()].some(
    (one) => isWorker(one) && one.generation === generation && one.kind !== null,
  );

export function onFailed(draft: Draft, child: Child, failure: Failure, now: number): void {
  if (child.worker.phase !== 'booting') return;
  enter(draft, child, { phase: 'failed', killAt: now + failedGraceMs, failure });
  log(draft, 'error', failure.stack ?? failure.message, child);
}

export function onBeat(draft: Draft, child: Child, vitals: Vitals, now: number): void {
  const beaten = update(draft, child, { vitals });
  const { worker } = beaten;
  if (!('lastBeat' in worker)) return;
  const next = enter(draft, beaten, { ...worker, lastBeat: now });
  if (worker.phase === 'ready' && isWorker(next) && next.recycle === null)
    askToRecycle(draft, next);
}

function askToRecycle(draft: Draft, child: Child): void {
  const { maxMemory } = policyOf(draft, child.generation);
  const { requests, rssBytes } = child.vitals;
  if (child.requestLimit > 0 && requests >= child.requestLimit) {
    recycle(draft, child, 'recycled-requests', `${requests} requests`);
  } else if (maxMemory > 0 && rssBytes > maxMemory) {
    recycle(draft, child, 'recycled-memory', `${Math.round(rssBytes / 2 ** 20)} MiB of memory`);
  }
}

/** Marks a worker for replacement; it leaves when its successor is ready. */
export function recycle(draft: Draft, child: Child, why: ExitReason, detail: string): void {
  update(draft, child, { recycle: why });
  log(draft, 'info', `Autorestarting worker (pid:${child.pid}) after ${detail}`, child);
}

export function onLeaving(draft: Draft, child: Child, why: string): void {
  if (!isUp(child) || child.recycle !== null) return;
  update(draft, child, { recycle: 'requested' });
  log(draft, 'info', `${nameOf(child)} (pid:${child.pid}) ${why} and will be replaced`, child);
}

const nameOf = ({ role }: Child): string => (role === 'worker' ? 'Worker' : 'Gateway');

export function onDumped(draft: Draft, child: Child, stack: string, now: number): void {
  if (child.worker.phase !== 'dumping') return;
  log(draft, 'error', stack, child);
  terminate(draft, update(draft, child, { stack }), child.worker.why, now);
}

export function onExited(draft: Draft, child: Child, death: Death, now: number): void {
  draft.children.delete(child.id);
  const reason = reasonOf(child, death);
  logDeath(draft, child, death, reason);
  const failure = isFailure(reason) ? failureOf(child, death) : null;
  notifyExit(draft, child, death, reason, now);
  changed(draft, child, failure ? 'failed' : 'left', failure?.message ?? reason);
  if (draft.mode.kind === 'stopping') return continueStop(draft, now);
  settleDead(draft, child, failure?.message ?? reason);
  if (failure) onFailure(draft, child, { ...failure, booted: !bootFailures.has(reason) }, now);
}

function notifyExit(draft: Draft, child: Child, death: Death, reason: ExitReason, now: number) {
  const { role, slot, generation, spawnedAt, vitals, worker } = child;
  const { code, signal, tail = '' } = death;
  notify(draft, {
    notice: `${role}-exited`,
    slot,
    pid: child.pid ?? 0,
    generation,
    reason,
    code,
    signal,
    uptimeMs: Math.round(now - spawnedAt),
    vitals,
    tail,
    stack: worker.phase === 'failed' ? stackOf(worker.failure) : child.stack,
  });
}

const stackOf = ({ message, stack }: Failure): string => stack ?? message;

const bootFailures: ReadonlySet<ExitReason> = new Set<ExitReason>(['boot-failed', 'boot-timeout']);

type Failed = Failure & { booted: boolean };

function onFailure(draft: Draft, child: Child, failed: Failed, now: number): void {
  const { booted, ...failure } = failed;
  const { role, slot, generation } = child;
  const words = `${role} ${slot} of generation ${generation}: ${failure.stack ?? failure.message}`;
  const isCanary = isWorker(child) && rollOf(draft)?.stage.kind === 'canary' && slot === canarySlot;
  if (generation === draft.generation && (!booted || isCanary)) abortRoll(draft, words);
  if (isMissed(draft, child)) countFailure(draft, child, failure, now);
  if (!booted) failOperationsFor(draft, child, words);
}

/** Its place will be filled again. */
function isMissed(draft: Draft, child: Child): boolean {
  if (isWorker(child)) return child.generation === generationFor(draft, child.slot);
  const edge = edgeOf(draft, child);
  return listPosts(draft).some(
    ({ slot, generation }) => slot === child.slot && policyOf(draft, generation).edge === edge,
  );
}

function reasonOf(child: Child, death: Death): ExitReason {
  switch (child.worker.phase) {
    case 'booting':
    case 'failed':
      return 'boot-failed';
    case 'ready':
    case 'parking':
    case 'parked':
      return death.oom ? 'oom' : 'crashed';
    default:
      return child.worker.why;
  }
}

const failing: ReadonlySet<ExitReason> = new Set<ExitReason>([
  'boot-failed',
  'boot-timeout',
  'crashed',
  'oom',
  'timeout',
]);

const isFailure = (reason: ExitReason): boolean => failing.has(reason);

function failureOf(child: Child, death: Death): Failure {
  const { worker } = child;
  if (worker.phase === 'failed') return withOutput(worker.failure, death);
  const message = 'why' in worker ? (silences[worker.why] ?? worker.why) : describeDeath(death);
  const more = child.stack ?? death.tail;
  return { kind: 'boot', message: more ? `${message}\n${more}` : message };
}

const silences: Partial<Record<ExitReason, string>> = {
  timeout: 'it did not beat within timeout',
  'boot-timeout': 'it was not ready within boot_timeout',
};

/** Where a module cannot be parsed, Node tells only in its last output. */
const withOutput = (failure: Failure, { tail }: Death): Failure =>
  failure.stack === undefined && tail ? { ...failure, stack: tail } : failure;

const describeDeath = ({ code, signal, error }: Death): string =>
  error ?? (signal === null ? `it exited with code ${code}` : `it was sent ${signal}`);

/** One failure is retried at once, a row of them after longer and longer pauses. */
function countFailure(draft: Draft, child: Child, failure: Failure, now: number): void {
  const { backoff, stableMs } = policyOf(draft);
  const lived = 'since' in child.worker ? now - child.worker.since : 0;
  const { role, slot } = child;
  const key = keyOf(child);
  const held = draft.held && isWorker(child);
  if (!held && lived >= stableMs) {
    draft.failures.delete(key);
    return;
  }
  const count = (draft.failures.get(key)?.count ?? 0) + 1;
  const delay = held ? Number.POSITIVE_INFINITY : backoffDelay(count - 1, backoff);
  draft.failures.set(key, { role, slot, count, retryAt: now + delay, last: failure });
  if (held) return log(draft, 'warning', `Worker ${slot} is not started again: hold`, child);
  if (delay > 0 && draft.mode.kind !== 'starting') {
    const text = `${nameOf(child)} ${slot} failed ${count} times in a row: next try in ${delay / 1000} s`;
    log(draft, 'warning', text, child);
  }
}

function logDeath(draft: Draft, child: Child, death: Death, reason: ExitReason): void {
  const { worker, pid } = child;
  const name = nameOf(child);
  if (death.error) return log(draft, 'error', death.error, child);
  if (pid === null) return; // it was not wanted any more before it was started
  if (worker.phase === 'killed') {
    return log(draft, 'info', `${name} (pid:${pid}) was killed by the arbiter: ${reason}`, child);
  }
  if (death.signal) {
    const hint = reason === 'oom' ? ' The kernel killed it: out of memory' : '';
    return log(draft, 'error', `${name} (pid:${pid}) was sent ${death.signal}!${hint}`, child);
  }
  if (death.code !== 0)
    return log(draft, 'error', `${name} (pid:${pid}) exited with code ${death.code}.`, child);
  log(draft, 'info', `${name} exiting (pid: ${pid})`, child);
}
