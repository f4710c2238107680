import type { Backoff } from '../core/backoff.ts';
import type { ExitReason } from '../core/exit-reason.ts';
import type { FailureKind } from '../protocol/worker.ts';

export type ChildId = number;

export interface Failure {
  kind: FailureKind;
  message: string;
  stack?: string;
}

/** All deadlines are monotonic milliseconds. Each variant carries only what exists in its phase. */
export type WorkerState =
  | { phase: 'booting'; bootDeadline: number }
  | { phase: 'ready'; since: number; lastBeat: number }
  | { phase: 'failed'; killAt: number; failure: Failure }
  | { phase: 'draining'; killAt: number; why: ExitReason }
  | { phase: 'dumping'; killAt: number; why: ExitReason }
  | { phase: 'killed'; why: ExitReason };

/** What the last beat said. */
export interface Vitals {
  inFlight: number;
  requests: number;
  connections: number;
  rssBytes: number;
  lagMs: number;
}

export interface Child {
  id: ChildId;
  slot: number;
  generation: number;
  spawnedAt: number;
  pid: number | null;
  worker: WorkerState;
  vitals: Vitals;
  /** It serves on until its successor is ready, and then leaves for this reason. */
  recycle: ExitReason | null;
  /** Drawn with jitter when it was spawned; 0 is never. */
  requestLimit: number;
}

/** The settings that decisions are made from; everything else is the shell's. */
export interface Policy {
  workers: number;
  bootMs: number;
  /** 0: a silent worker is never killed. */
  timeoutMs: number;
  gracefulMs: number;
  quickMs: number;
  dumpMs: number;
  surge: number;
  backoff: Backoff;
  /** A worker that lived this long clears the failures of its slot. */
  stableMs: number;
  maxMemory: number;
  maxAgeMs: number;
}

export interface SlotFailures {
  count: number;
  retryAt: number;
  last: Failure;
}

export type StopHow = 'graceful' | 'quick' | 'handover';

/** A new generation taking over, slot by slot. */
export interface Roll {
  previous: number;
  previousTarget: number;
  /** Every slot has a new worker: nothing can abort it any more. */
  switched: boolean;
}

export type Mode =
  /** A reload that is asked for meanwhile comes when there is something to fall back to. */
  | { kind: 'starting'; next: 'serve' | 'reload' }
  | { kind: 'serving' }
  /** `preparing` reads settings and binds; a second reload can prepare while a first one rolls. */
  | { kind: 'reloading'; preparing: number | null; roll: Roll | null }
  | { kind: 'upgrading'; deadline: number }
  | { kind: 'stopping'; how: StopHow; exitCode: number; reason: string | null };

export interface ArbiterState {
  mode: Mode;
  /** The generation that every slot should have. */
  generation: number;
  /** The highest number given to a generation so far. */
  lastGeneration: number;
  /** Generations whose listeners and settings the shell holds. */
  generations: ReadonlyMap<number, Policy>;
  target: number;
  lastChild: ChildId;
  children: ReadonlyMap<ChildId, Child>;
  failures: ReadonlyMap<number, SlotFailures>;
}

export const isServing = (child: Child): boolean => child.worker.phase === 'ready';

/** Booting or ready: it will serve, or serves, and nobody has asked it to leave. */
export const isStaying = (child: Child): boolean =>
  child.worker.phase === 'booting' || child.worker.phase === 'ready';

/** Settings in force: those of the generation that every slot should have. */
export function policyOf(state: ArbiterState, generation = state.generation): Policy {
  const policy = state.generations.get(generation);
  if (!policy) throw new Error(`No policy is held for generation ${generation}`);
  return policy;
}

export function createState(policy: Policy): ArbiterState {
  return {
    mode: { kind: 'starting', next: 'serve' },
    generation: 1,
    lastGeneration: 1,
    generations: new Map([[1, policy]]),
    target: policy.workers,
    lastChild: 0,
    children: new Map(),
    failures: new Map(),
  };
}
