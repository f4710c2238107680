import type { Backoff } from '../core/backoff.ts';
import type { ExitReason } from '../core/exit-reason.ts';
import type { FailureKind } from '../protocol/worker.ts';

export type ChildId = number;

/** A gateway speaks HTTP for workers that do not: those of Python. */
export type Role = 'worker' | 'gateway';

/** Where one child at a time belongs. */
export interface Place {
  role: Role;
  slot: number;
}

export type PlaceKey = `${Role} ${number}`;

export const keyOf = ({ role, slot }: Place): PlaceKey => `${role} ${slot}`;

export interface Failure {
  kind: FailureKind;
  message: string;
  stack?: string;
}

/** All deadlines are monotonic milliseconds. Each variant carries only what exists in its phase. */
export type WorkerState =
  | { phase: 'booting'; bootDeadline: number }
  /** `returning`: put back into rotation, which it has not confirmed yet. */
  | { phase: 'ready'; since: number; lastBeat: number; returning?: true }
  /** Out of rotation, finishing what is there; then alive and waiting to be put back. */
  | { phase: 'parking' | 'parked'; by: ParkedBy; since: number; lastBeat: number }
  | { phase: 'failed'; killAt: number; failure: Failure }
  /** `boots`: it was asked to leave before it was known to be ready. */
  | { phase: 'draining'; killAt: number; why: ExitReason; boots?: true }
  | { phase: 'dumping'; killAt: number; why: ExitReason }
  | { phase: 'killed'; why: ExitReason };

/** The old generation of a reload that waits to be confirmed, or one that an operator drained. */
export type ParkedBy = 'reload' | 'operator';

/** What the last beat said. */
export interface Vitals {
  inFlight: number;
  requests: number;
  connections: number;
  rssBytes: number;
  lagMs: number;
}

export interface Child extends Place {
  id: ChildId;
  generation: number;
  spawnedAt: number;
  pid: number | null;
  /** What it serves by its own words: `node`, `sync`, `asgi` ...; null before it is ready. */
  kind: string | null;
  worker: WorkerState;
  vitals: Vitals;
  /** It serves on until its successor is ready, and then leaves for this reason. */
  recycle: ExitReason | null;
  /** Drawn with jitter when it was spawned; 0 is never. */
  requestLimit: number;
  /** Taken while it hung. */
  stack: string | null;
}

/** The settings that decisions are made from; everything else is the shell's. */
export interface Policy {
  workers: number;
  /** 0: workers accept by themselves. */
  gateways: number;
  /** Generations with the same one can share their gateways; empty without gateways. */
  edge: string;
  bootMs: number;
  /** 0: a silent worker is never killed. */
  timeoutMs: number;
  gracefulMs: number;
  quickMs: number;
  dumpMs: number;
  surge: number;
  /** How long the first new worker of a reload has to live before the rest follows; null: no canary. */
  canaryMs: number | null;
  backoff: Backoff;
  /** A worker that lived this long clears the failures of its slot. */
  stableMs: number;
  maxMemory: number;
  maxAgeMs: number;
}

export interface SlotFailures extends Place {
  count: number;
  retryAt: number;
  last: Failure;
}

export type StopHow = 'graceful' | 'quick' | 'handover';

/** What a reload was asked to do beside bringing in a new generation. */
export interface ReloadPlan {
  /** Null: as the new settings say. */
  canaryMs: number | null;
  /** The old generation is kept parked for this long; null: it leaves. */
  confirmMs: number | null;
}

export interface Preparation extends ReloadPlan {
  generation: number;
}

export interface RollTargets {
  previousTarget: number;
  /** What the new settings want, and what was scaled since. */
  nextTarget: number;
}

/** A new generation taking over, slot by slot. */
export interface Roll extends RollTargets {
  previous: number;
  confirmMs: number | null;
  stage: RollStage;
}

export type RollStage =
  /** Only one slot has a new worker, which has to live `forMs` after it became ready. */
  | { kind: 'canary'; forMs: number }
  | { kind: 'rolling' }
  /** Every slot has a new worker, and the old ones wait parked. */
  | { kind: 'confirming'; deadline: number }
  /** Nothing can abort it any more: the old workers leave. */
  | { kind: 'retiring' };

export type Mode =
  /** A reload that is asked for meanwhile comes when there is something to fall back to. */
  | { kind: 'starting'; next: 'serve' | 'reload' }
  | { kind: 'serving' }
  /** `preparing` reads settings and binds; a second reload can prepare while a first one rolls. */
  | { kind: 'reloading'; preparing: Preparation | null; roll: Roll | null }
  | { kind: 'upgrading'; deadline: number }
  /** `graceUntil`: what is in flight then is cut. */
  | {
      kind: 'stopping';
      how: StopHow;
      exitCode: number;
      reason: string | null;
      graceUntil: number;
    };

/** What an operation waits for. Each is settled by `settleOperations`, or by what it is about. */
export type Goal =
  /** `before`: what the two outcomes of a reload wanted. */
  | { goal: 'scale'; from: number; to: number; before: RollTargets | null }
  | { goal: 'reload'; generation: number; previous: number }
  /** The old generation has all its workers again. */
  | { goal: 'abort'; aborted: number; method: string; failed: number }
  | { goal: 'confirm'; generation: number; previous: number }
  | { goal: 'rollback'; generation: number; failed: number }
  /** None of them is left, and each slot has somebody else. */
  | { goal: 'recycle'; children: ReadonlyMap<ChildId, number> }
  | { goal: 'drain' | 'undrain' | 'kill'; child: ChildId }
  | { goal: 'upgrade' }
  | { goal: 'stop' };

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
  failures: ReadonlyMap<PlaceKey, SlotFailures>;
  /** What operators wait for, by the ids that they know. */
  operations: ReadonlyMap<number, Goal>;
  /** Workers that fail are not started again. */
  held: boolean;
  /** Nobody accepts. */
  paused: boolean;
}

export const isServing = (child: Child): boolean => child.worker.phase === 'ready';

export const isParked = (child: Child): boolean =>
  child.worker.phase === 'parking' || child.worker.phase === 'parked';

/** It has booted, and nobody has asked it to leave. */
export const isUp = (child: Child): boolean => isServing(child) || isParked(child);

/** It will serve, serves, or could again, and nobody has asked it to leave. */
export const isStaying = (child: Child): boolean => child.worker.phase === 'booting' || isUp(child);

export const rollOf = ({ mode }: ArbiterState): Roll | null =>
  mode.kind === 'reloading' ? mode.roll : null;

/** Until its new workers are all there, a reload can be given up. */
export const canAbort = ({ stage }: Roll): boolean =>
  stage.kind === 'canary' || stage.kind === 'rolling';

/** Settings in force: those of the generation that every slot should have. */
export function policyOf(state: ArbiterState, generation = state.generation): Policy {
  const policy = state.generations.get(generation);
  if (!policy) throw new Error(`No policy is held for generation ${generation}`);
  return policy;
}

/** What the gateways in front of a child have to be like; those of a gateway itself are like it. */
export const edgeOf = (state: ArbiterState, { generation }: Child): string =>
  policyOf(state, generation).edge;

/** All that have to do with this edge, also those that leave. */
export const gatewaysOf = (state: ArbiterState, edge: string): Child[] =>
  [...state.children.values()].filter(
    (child) => child.role === 'gateway' && edgeOf(state, child) === edge,
  );

/** Those that a worker has its requests from: it belongs to one slot of them. */
export function gatewaysFor(state: ArbiterState, worker: Child): Child[] {
  const { edge, gateways } = policyOf(state, worker.generation);
  return gatewaysOf(state, edge).filter(({ slot }) => slot === worker.slot % gateways);
}

export const isWorker = ({ role }: Child): boolean => role === 'worker';

export function createState(
  policy: Policy,
  { paused, held } = { paused: false, held: false },
): ArbiterState {
  return {
    mode: { kind: 'starting', next: 'serve' },
    generation: 1,
    lastGeneration: 1,
    generations: new Map([[1, policy]]),
    target: policy.workers,
    lastChild: 0,
    children: new Map(),
    failures: new Map(),
    operations: new Map(),
    held,
    paused,
  };
}
