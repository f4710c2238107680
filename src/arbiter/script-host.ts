import { fileURLToPath } from 'node:url';
import type { Clock } from '../core/clock.ts';
import { messageOf, TsgunError } from '../core/errors.ts';
import type { LogRecord } from '../core/logger.ts';
import { launch } from '../process/launcher.ts';
import type { ChildExit, Spawn, SpawnRequest } from '../process/spawn.ts';
import {
  type FromConfigHost,
  parseFromConfigHost,
  type ToConfigHost,
} from '../protocol/config-host.ts';

const nodeHost = fileURLToPath(
  new URL(
    `../runtime/config-host${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
    import.meta.url,
  ),
);

/** A config that takes longer to load has a mistake in it. */
const loadMs = 10_000;

export interface ScriptSource {
  /** Absolute, or `python:MODULE`. */
  path: string;
  cwd: string;
  /** Where Python looks for its imports first. */
  importFrom?: string;
  env: Readonly<Record<string, string>>;
  spawn: Spawn;
  clock: Clock;
  /** What loads it, if not our own Node. */
  host?: Pick<SpawnRequest, 'file' | 'args' | 'cwd'>;
}

export type HookEnd =
  | { outcome: 'done' }
  | { outcome: 'failed'; stack: string }
  | { outcome: 'timeout' };

export type ScriptLoaded = Extract<FromConfigHost, { type: 'config' }>;

type HookCall = Extract<ToConfigHost, { type: 'hook' }>;

/** The process that a script config runs in. */
export interface ScriptHost {
  loaded: Promise<ScriptLoaded>;
  send(message: ToConfigHost): void;
  call(message: HookCall, timeoutMs: number): Promise<HookEnd>;
  end(): void;
  ended(): boolean;
}

/** What is heard of a host: its words, and how it ended. */
type Heard = FromConfigHost | { type: 'ended'; how: string };

export function startHost(source: ScriptSource, log: (record: LogRecord) => void): ScriptHost {
  const node = { file: process.execPath, args: [nodeHost, source.path], cwd: source.cwd };
  const { file, args, cwd } = source.host ?? node;
  const child = source.spawn({
    ...launch({ file, args }, null),
    cwd,
    env: source.env,
    descriptors: [],
    output: 'inherit',
    channel: true,
  });
  let ended = false;
  const listeners = new Set<(heard: Heard) => void>();
  const tell = (heard: Heard) => {
    for (const listener of [...listeners]) listener(heard);
  };
  child.onMessage((message) => {
    const parsed = parseFromConfigHost(message);
    if (parsed?.type === 'log') log({ level: parsed.level, message: parsed.message });
    else if (parsed) tell(parsed);
  });
  child.onExit((exit) => {
    ended = true;
    tell({ type: 'ended', how: describeEnd(exit) });
  });
  const listen = (listener: (heard: Heard) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const end = () => {
    ended = true;
    child.kill('SIGKILL');
  };
  return {
    loaded: awaitLoaded(source, end, listen),
    send: (message) => child.send(message),
    call(message, timeoutMs) {
      const outcome = awaitHook(source.clock, message.id, timeoutMs, listen);
      child.send(message);
      return outcome;
    },
    end,
    ended: () => ended,
  };
}

/** Node's exit code when only a promise that nothing settles is left. */
const neverSettles = 13;

function describeEnd({ code, signal, error }: ChildExit): string {
  if (error) return messageOf(error);
  if (code === neverSettles) return 'it waits for something that never happens';
  return signal ? `its process was ended by ${signal}` : `it ended its process (exit code ${code})`;
}

type Listen = (listener: (heard: Heard) => void) => () => void;

function awaitLoaded(source: ScriptSource, end: () => void, listen: Listen): Promise<ScriptLoaded> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      end();
      const message = `Cannot load the config file "${source.path}": ${why}`;
      settle(() => reject(new TsgunError('TSGUN_E_SETTINGS', message)));
    };
    const stop = listen((heard) => {
      if (heard.type === 'ended') fail(heard.how);
      else if (heard.type === 'failed') fail(heard.stack);
      else if (heard.type === 'config') settle(() => resolve(heard));
    });
    const cancel = source.clock.after(loadMs, () =>
      fail(`it takes longer than ${loadMs / 1000} s`),
    );
    function settle(how: () => void) {
      stop();
      cancel();
      how();
    }
  });
}

function awaitHook(clock: Clock, id: number, timeoutMs: number, listen: Listen): Promise<HookEnd> {
  return new Promise((resolve) => {
    const settle = (end: HookEnd) => {
      stop();
      cancel();
      resolve(end);
    };
    const stop = listen((heard) => {
      if (heard.type === 'ended') settle({ outcome: 'failed', stack: heard.how });
      else if (heard.type === 'hook-done' && heard.id === id) settle({ outcome: 'done' });
      else if (heard.type === 'hook-failed' && heard.id === id) {
        settle({ outcome: 'failed', stack: heard.stack });
      }
    });
    const cancel = clock.after(timeoutMs, () => settle({ outcome: 'timeout' }));
  });
}
