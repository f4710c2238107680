import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerView } from './protocol/config-host.ts';
import type { Settings } from './settings/table.ts';

export type { ServerView };

/** What hooks in a worker see of it. */
export interface WorkerView {
  pid: number;
  slot: number;
  generation: number;
}

export interface ChildExit {
  slot: number;
  pid: number;
  generation: number;
  /** Why it left: `reload`, `crashed`, `timeout` ... */
  reason: string;
  code: number | null;
  signal: string | null;
}

type May<T> = T | Promise<T>;

/** Gunicorn's server hooks in camel case. One that throws is logged; one that hangs is cut off. */
export interface Hooks {
  onStarting?(server: ServerView): May<void>;
  onReload?(server: ServerView): May<void>;
  whenReady?(server: ServerView): May<void>;
  preFork?(server: ServerView, worker: { slot: number }): May<void>;
  preExec?(server: ServerView): May<void>;
  childExit?(server: ServerView, worker: ChildExit): May<void>;
  nworkersChanged?(server: ServerView, now: number, before: number): May<void>;
  onExit?(server: ServerView): May<void>;
  postFork?(worker: WorkerView): May<void>;
  postWorkerInit?(worker: WorkerView): May<void>;
  workerInt?(worker: WorkerView): May<void>;
  /** Runs while the worker is stopped in the middle of what hangs, so it cannot wait. */
  workerAbort?(worker: WorkerView): void;
  workerExit?(worker: WorkerView): May<void>;
  preRequest?(worker: WorkerView, req: IncomingMessage): void;
  postRequest?(worker: WorkerView, req: IncomingMessage, res: ServerResponse): void;
}

/** Durations, sizes and modes may be text, `"30s"` or `"512M"`, and a list of one just its entry. */
type Loose<T> = T | (T extends number ? string : T extends (infer One)[] ? One : never);

type Unset<T> = { [Name in keyof T]?: Loose<T[Name]> };

/** Settings by their names in camel case, and hooks. */
export type Config = Unset<Omit<Settings, 'config' | 'checkConfig' | 'printConfig'>> & Hooks;

/** Gives a config file its types; returns what it is given. */
export const defineConfig = (config: Config): Config => config;
