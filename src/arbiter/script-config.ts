import { fileURLToPath } from 'node:url';
import type { Clock } from '../core/clock.ts';
import { messageOf, TsgunError } from '../core/errors.ts';
import { launch } from '../process/launcher.ts';
import type { ChildExit, Spawn } from '../process/spawn.ts';
import {
  type FromConfigHost,
  parseFromConfigHost,
  type ToConfigHost,
} from '../protocol/config-host.ts';

const hostMain = fileURLToPath(
  new URL(
    `../runtime/config-host${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
    import.meta.url,
  ),
);

/** A config that takes longer to load has a mistake in it. */
const loadMs = 10_000;

export interface ScriptSource {
  /** Absolute. */
  path: string;
  cwd: string;
  env: Readonly<Record<string, string>>;
  spawn: Spawn;
  clock: Clock;
}

export type HookEnd =
  | { outcome: 'done' }
  | { outcome: 'failed'; stack: string }
  | { outcome: 'timeout' };

/** Hooks that wait for their turn; a crash loop can ask for them faster than they run. */
const mostWaiting = 1000;

/** A script config in a process of its own: what it sets, and its hooks. */
export class ScriptConfig {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The names of its exported functions. */
  readonly functions: readonly string[];
  readonly #source: ScriptSource;
  #host: Host;
  #closed = false;
  #lastId = 0;
  #waiting = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(source: ScriptSource, host: Host, loaded: Loaded) {
    this.#source = source;
    this.#host = host;
    this.path = source.path;
    this.values = loaded.values;
    this.functions = loaded.functions;
  }

  /** Throws TSGUN_E_SETTINGS when it cannot be loaded. */
  static async open(source: ScriptSource): Promise<ScriptConfig> {
    const host = startHost(source);
    return new ScriptConfig(source, host, await host.loaded);
  }

  /** Hooks run one after the other; one that is out of time is ended together with its process. */
  call(name: string, args: unknown[], timeoutMs: number): Promise<HookEnd> {
    if (this.#waiting >= mostWaiting) {
      return Promise.resolve({ outcome: 'failed', stack: 'too many hooks wait for their turn' });
    }
    this.#waiting += 1;
    const end = this.#queue
      .then(() => this.#run(name, args, timeoutMs))
      .catch((error): HookEnd => ({ outcome: 'failed', stack: messageOf(error) }))
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#queue = end;
    return end;
  }

  close(): void {
    this.#closed = true;
    this.#host.end();
  }

  async #run(name: string, args: unknown[], timeoutMs: number): Promise<HookEnd> {
    if (this.#closed) return { outcome: 'failed', stack: 'its config was closed' };
    if (this.#host.ended()) {
      this.#host = startHost(this.#source);
      await this.#host.loaded;
    }
    this.#lastId += 1;
    const end = await this.#host.call({ type: 'hook', id: this.#lastId, name, args }, timeoutMs);
    if (end.outcome === 'timeout') this.#host.end();
    return end;
  }
}

type Loaded = Extract<FromConfigHost, { type: 'config' }>;

interface Host {
  loaded: Promise<Loaded>;
  call(message: ToConfigHost, timeoutMs: number): Promise<HookEnd>;
  end(): void;
  ended(): boolean;
}

/** What is heard of a host: its words, and how it ended. */
type Heard = FromConfigHost | { type: 'ended'; how: string };

function startHost(source: ScriptSource): Host {
  const child = source.spawn({
    ...launch({ file: process.execPath, args: [hostMain, source.path] }, null),
    cwd: source.cwd,
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
    if (parsed) tell(parsed);
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

function awaitLoaded(source: ScriptSource, end: () => void, listen: Listen): Promise<Loaded> {
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
