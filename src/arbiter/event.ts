import type { ExitReason } from '../core/exit-reason.ts';
import type { LogLevel } from '../core/logger.ts';
import type { Linger } from '../protocol/worker.ts';
import type { ChildId, Failure, Place, Policy, ReloadPlan, StopHow, Vitals } from './state.ts';

/** Everything that can happen to the arbiter. Nothing else changes its state. */
export type ArbiterEvent =
  | { type: 'start' }
  | { type: 'tick'; lateMs: number }
  | { type: 'spawned'; child: ChildId; pid: number; requestLimit: number }
  | { type: 'ready'; child: ChildId; kind: string; note?: string }
  | { type: 'failed'; child: ChildId; failure: Failure }
  | { type: 'beat'; child: ChildId; vitals: Vitals }
  | { type: 'leaving'; child: ChildId; why: string }
  /** A gateway says of a worker: `GET /path for 12 ms` was more than it may be. */
  | { type: 'overdue'; child: ChildId; request: string }
  /** Or that it makes no sense of its words. */
  | { type: 'broken'; child: ChildId; why: string }
  | { type: 'parked'; child: ChildId }
  | { type: 'unparked'; child: ChildId }
  | { type: 'dumped'; child: ChildId; stack: string }
  | ({ type: 'exited'; child: ChildId } & Death)
  | { type: 'prepared'; generation: number; policy: Policy }
  | { type: 'prepare-failed'; generation: number; reason: string }
  /** A setting was changed without a reload. */
  | { type: 'policy'; generation: number; policy: Policy }
  | { type: 'upgrade-ready'; pid: number }
  | { type: 'upgrade-failed'; reason: string }
  /** `op` is null when nobody waits for it. */
  | { type: 'command'; command: Command; op: number | null };

/** How a process ended, as the shell saw it. */
export interface Death {
  code: number | null;
  signal: string | null;
  /** The cgroup counted a kill for want of memory just then. */
  oom: boolean;
  /** Why it could not be started at all. */
  error?: string;
  /** Its last output, for whoever asks why. */
  tail?: string;
}

/** What an operator can ask for, by signal or by control socket. */
export type Command =
  | ({ command: 'reload'; ifGeneration?: number } & Partial<ReloadPlan>)
  | { command: 'scale'; by: number }
  | { command: 'resize'; to: number }
  | { command: 'quiet' }
  | { command: 'abort' | 'confirm' | 'rollback'; reason?: string }
  /** Null: all of them. */
  | { command: 'recycle'; slot: number | null }
  | { command: 'drain' | 'undrain'; slot: number }
  | { command: 'kill'; slot: number; signal: NodeJS.Signals }
  | { command: 'hold' | 'resume' | 'pause' | 'unpause' }
  | { command: 'reopen' }
  | { command: 'upgrade' }
  | { command: 'stop'; how: Exclude<StopHow, 'handover'> };

/** The end of an operation, for whoever waits. */
export type Outcome =
  | { ok: true; result: Readonly<Record<string, unknown>> }
  | { ok: false; why: 'conflict' | 'failed'; message: string; detail?: Record<string, unknown> };

export interface Progress {
  op: number;
  phase: string;
  text: string;
  /** What became of one worker. */
  change: WorkerChange | null;
  /** Slots that are as they should be. */
  steps: { done: number; total: number } | null;
}

/** What an operation did to a worker. */
export interface WorkerChange {
  slot: number;
  pid: number | null;
  generation: number;
  outcome: 'ready' | 'left' | 'failed' | 'parked' | 'returned' | 'unchanged';
  detail: string | null;
}

/** What the shell has to do about it, in this order. */
export type Effect =
  | ({ do: 'spawn'; child: ChildId; generation: number } & Place)
  | { do: 'drain'; child: ChildId; emptyBacklog: boolean; linger: Linger; graceMs: number }
  | { do: 'quit'; child: ChildId }
  | { do: 'park'; child: ChildId; graceMs: number }
  | { do: 'unpark'; child: ChildId }
  | { do: 'pause' | 'unpause' }
  | { do: 'signal'; child: ChildId; signal: NodeJS.Signals }
  | { do: 'dump'; child: ChildId }
  | { do: 'reopen' }
  /** Read settings and bind what changed for a new generation. */
  | { do: 'prepare'; generation: number }
  /** A generation that nobody runs any more: give its listeners back. */
  | { do: 'release'; generation: number }
  | { do: 'release-slot'; slot: number }
  | { do: 'refuse-new' }
  | { do: 'start-upgrade' }
  | { do: 'cancel-upgrade' }
  | { do: 'hand-over' }
  | { do: 'log'; level: LogLevel; message: string; slot?: number; pid?: number }
  | { do: 'notify'; notice: Notice }
  | ({ do: 'progress' } & Progress)
  | { do: 'answer'; op: number; outcome: Outcome }
  | { do: 'exit'; code: number; reason: string | null };

/** What others may want to know: hooks, status, systemd, `tsgunctl`. */
export type Notice =
  | { notice: 'serving' }
  | { notice: 'reload-started'; generation: number }
  /** The new generation serves; the old one waits parked for so long, or leaves. */
  | { notice: 'reload-switched'; generation: number; confirmMs: number | null }
  | { notice: 'reload-done'; generation: number }
  | { notice: 'reload-failed'; generation: number; reason: string; kept: number }
  | { notice: 'rolled-back'; generation: number; reason: string; kept: number }
  | { notice: 'upgrade-failed'; reason: string }
  | { notice: 'scaled'; from: number; to: number }
  | { notice: 'held' | 'resumed' | 'paused' | 'unpaused' }
  | { notice: 'worker-ready'; slot: number; pid: number; generation: number }
  | { notice: 'worker-parked' | 'worker-unparked'; slot: number; pid: number; generation: number }
  | {
      notice: 'gateway-ready' | 'gateway-parked' | 'gateway-unparked';
      slot: number;
      pid: number;
      generation: number;
    }
  | {
      notice: 'worker-exited' | 'gateway-exited';
      slot: number;
      pid: number;
      generation: number;
      reason: ExitReason;
      code: number | null;
      signal: string | null;
      uptimeMs: number;
      vitals: Vitals;
      /** Its last output. */
      tail: string;
      /** Of a hung worker, or of what kept it from booting. */
      stack: string | null;
    }
  | { notice: 'stopping'; how: StopHow };
