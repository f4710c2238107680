import type { Clock } from '../core/clock.ts';
import type { ErrorLog } from '../log/error-log.ts';
import type { Spawn } from '../process/spawn.ts';
import type { ListenerSet } from '../sockets/listener-set.ts';
import type { Loaded } from './generation.ts';
import type { Generations } from './generations.ts';
import type { Instance } from './instance.ts';

export interface OperatorOptions {
  clock: Clock;
  errorLog: ErrorLog;
  instance: Instance;
  generations: Generations;
  listeners: ListenerSet;
  spawn: Spawn;
  env: Readonly<Record<string, string>>;
  version: string;
  /** Of the instance. */
  name(): string;
  app: string;
  startedAt: { monotonic: number; wall: number };
  /** Reads all sources of settings anew. */
  load(): Promise<Loaded>;
  /** Settles when a successor answers in our place, or does not in time. */
  awaitSuccessor(): Promise<void>;
  /** What the control server counts. */
  control(): {
    connections: number;
    subscribers: number;
    calls: number;
    refused: number;
    eventSeq: number;
    logSeq: number;
  };
}
