import type { Clock } from '../core/clock.ts';
import type { ErrorLog } from '../log/error-log.ts';
import type { PidFile } from '../process/pid-file.ts';
import type { Spawn } from '../process/spawn.ts';
import type { ListenerSet } from '../sockets/listener-set.ts';
import type { Notice } from './event.ts';
import type { Generations } from './generations.ts';
import type { Policy } from './state.ts';
import type { ControlPlace, Invocation, Switches } from './upgrade.ts';

export interface InstanceOptions {
  clock: Clock;
  spawn: Spawn;
  errorLog: ErrorLog;
  version: string;
  invocation: Invocation;
  listeners: ListenerSet;
  /** Holds the first generation already. */
  generations: Generations;
  policy: Policy;
  pidFile: PidFile | null;
  /** Of a program that we succeed. */
  switches?: Switches | undefined;
  /** Where we are controlled, for a successor. */
  control(): ControlPlace | null;
  onNotice(notice: Notice): void;
  /** The program with this pid takes our place when this settles. */
  onHandOver(pid: number): Promise<void>;
  /** Everything has been given back; the process may end. */
  onExit(code: number, reason: string | null): void;
}
