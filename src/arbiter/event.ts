import type { ExitReason } from '../core/exit-reason.ts';
import type { LogLevel } from '../core/logger.ts';
import type { Linger } from '../protocol/worker.ts';
import type { ChildId, Failure, Policy, StopHow, Vitals } from './state.ts';

/** Everything that can happen to the arbiter. Nothing else changes its state. */
export type ArbiterEvent =
  | { type: 'start' }
  | { type: 'tick'; lateMs: number }
  | { type: 'spawned'; child: ChildId; pid: number; requestLimit: number }
  | { type: 'ready'; child: ChildId; kind: string; note?: string }
  | { type: 'failed'; child: ChildId; failure: Failure }
  | { type: 'beat'; child: ChildId; vitals: Vitals }
  | { type: 'leaving'; child: ChildId; why: string }
  | { type: 'dumped'; child: ChildId; stack: string }
  | ({ type: 'exited'; child: ChildId } & Death)
  | { type: 'prepared'; generation: number; policy: Policy }
  | { type: 'prepare-failed'; generation: number; reason: string }
  | { type: 'upgrade-ready'; pid: number }
  | { type: 'upgrade-failed'; reason: string }
  | ({ type: 'command' } & Command);

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

/** What an operator can ask for, by signal now and by control socket as well. */
export type Command =
  | { command: 'reload' }
  | { command: 'scale'; by: number }
  | { command: 'quiet' }
  | { command: 'reopen' }
  | { command: 'upgrade' }
  | { command: 'stop'; how: Exclude<StopHow, 'handover'> };

/** What the shell has to do about it, in this order. */
export type Effect =
  | { do: 'spawn'; child: ChildId; slot: number; generation: number }
  | { do: 'drain'; child: ChildId; emptyBacklog: boolean; linger: Linger; graceMs: number }
  | { do: 'quit'; child: ChildId }
  | { do: 'signal'; child: ChildId; signal: 'SIGTERM' | 'SIGKILL' }
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
  | { do: 'exit'; code: number; reason: string | null };

/** What others may want to know: hooks, status, systemd, `tsgunctl`. */
export type Notice =
  | { notice: 'serving' }
  | { notice: 'reload-started'; generation: number }
  | { notice: 'reload-done'; generation: number }
  | { notice: 'reload-failed'; generation: number; reason: string; kept: number }
  | { notice: 'upgrade-failed'; reason: string }
  | { notice: 'scaled'; from: number; to: number }
  | { notice: 'worker-ready'; slot: number; pid: number; generation: number }
  | {
      notice: 'worker-exited';
      slot: number;
      pid: number;
      generation: number;
      reason: ExitReason;
      code: number | null;
      signal: string | null;
    }
  | { notice: 'stopping'; how: StopHow };
