import { type LogLevel, logLevels } from '../core/logger.ts';

/** Hooks that run beside the arbiter; the others run in the workers. */
export const arbiterHooks = [
  'onStarting',
  'onReload',
  'whenReady',
  'preFork',
  'preExec',
  'childExit',
  'nworkersChanged',
  'onExit',
] as const;

export const workerHooks = [
  'postFork',
  'postWorkerInit',
  'workerInt',
  'workerAbort',
  'workerExit',
  'preRequest',
  'postRequest',
] as const;

export const hookNames: readonly string[] = [...arbiterHooks, ...workerHooks];

/** What hooks in the arbiter see of it. They run in a process beside it. */
export interface ServerView {
  pid: number;
  version: string;
  /** How many workers there should be. */
  workers: number;
  generation: number;
  /** With the ports they really got. */
  addresses: string[];
}

/** Between the arbiter and the process that a script config runs in. */
export type ToConfigHost =
  | { type: 'hook'; id: number; name: string; args: unknown[] }
  /** How the settings came out in the end, by their names in files; for hosts of Python. */
  | { type: 'settings'; settings: Readonly<Record<string, unknown>> };

export type FromConfigHost =
  | { type: 'config'; values: Record<string, unknown>; functions: string[] }
  | { type: 'failed'; message: string; stack: string }
  | { type: 'hook-done'; id: number }
  | { type: 'hook-failed'; id: number; stack: string }
  /** What a hook has logged. */
  | { type: 'log'; level: LogLevel; message: string };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : 'no reason given');

/** The script can write to the channel too, so its words are checked. */
export function parseFromConfigHost(message: unknown): FromConfigHost | undefined {
  if (!isRecord(message)) return undefined;
  const { type, id, values, functions } = message;
  if (type === 'config' && isRecord(values) && Array.isArray(functions)) {
    return { type, values, functions: functions.filter((name) => typeof name === 'string') };
  }
  if (type === 'failed') {
    return { type, message: textOf(message['message']), stack: textOf(message['stack']) };
  }
  if (type === 'hook-done' && typeof id === 'number') return { type, id };
  if (type === 'hook-failed' && typeof id === 'number') {
    return { type, id, stack: textOf(message['stack']) };
  }
  if (type === 'log') return parseLog(message);
  return undefined;
}

function parseLog({ level, message }: Record<string, unknown>): FromConfigHost {
  const known = logLevels.find((one) => one === level) ?? 'info';
  return { type: 'log', level: known, message: textOf(message) };
}
