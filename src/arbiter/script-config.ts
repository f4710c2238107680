import { fileURLToPath } from 'node:url';
import type { Clock } from '../core/clock.ts';
import { TsgunError } from '../core/errors.ts';
import { launch } from '../process/launcher.ts';
import type { Spawn, SpawnedChild } from '../process/spawn.ts';
import { type FromConfigHost, parseFromConfigHost } from '../protocol/config-host.ts';

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

/** A script config in a process of its own: what it sets, and its hooks. */
export class ScriptConfig {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The names of its exported functions. */
  readonly functions: readonly string[];
  readonly #source: ScriptSource;
  #host: Promise<Host>;
  #lastId = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(source: ScriptSource, host: Host, loaded: Loaded) {
    this.#source = source;
    this.#host = Promise.resolve(host);
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
    const end = this.#queue.then(() => this.#run(name, args, timeoutMs));
    this.#queue = end.catch(() => undefined);
    return end;
  }

  close(): void {
    void this.#host.then((host) => host.end()).catch(() => undefined);
  }

  async #run(name: string, args: unknown[], timeoutMs: number): Promise<HookEnd> {
    this.#lastId += 1;
    const id = this.#lastId;
    try {
      const host = await this.#host;
      const end = await host.call({ type: 'hook', id, name, args }, timeoutMs);
      if (end.outcome === 'timeout') this.#restart(host);
      return end;
    } catch (error) {
      return { outcome: 'failed', stack: String(error) };
    }
  }

  #restart(host: Host): void {
    host.end();
    const next = startHost(this.#source);
    this.#host = next.loaded.then(() => next);
    this.#host.catch(() => undefined);
  }
}

type Loaded = Extract<FromConfigHost, { type: 'config' }>;

interface Host {
  loaded: Promise<Loaded>;
  call(
    message: { type: 'hook'; id: number; name: string; args: unknown[] },
    timeoutMs: number,
  ): Promise<HookEnd>;
  end(): void;
}

function startHost(source: ScriptSource): Host {
  const child = source.spawn({
    ...launch({ file: process.execPath, args: [hostMain, source.path] }, null),
    cwd: source.cwd,
    env: source.env,
    descriptors: [],
    output: 'inherit',
    channel: true,
  });
  const listeners = new Set<(message: FromConfigHost | null) => void>();
  const tell = (message: FromConfigHost | null) => {
    for (const listener of [...listeners]) listener(message);
  };
  child.onMessage((message) => {
    const parsed = parseFromConfigHost(message);
    if (parsed) tell(parsed);
  });
  child.onExit(() => tell(null));
  const listen = (listener: (message: FromConfigHost | null) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    loaded: awaitLoaded(source, child, listen),
    call: (message, timeoutMs) => {
      const end = awaitHook(source.clock, message.id, timeoutMs, listen);
      child.send(message);
      return end;
    },
    end: () => void child.kill('SIGKILL'),
  };
}

type Listen = (listener: (message: FromConfigHost | null) => void) => () => void;

function awaitLoaded(source: ScriptSource, child: SpawnedChild, listen: Listen): Promise<Loaded> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL');
      const message = `Cannot load the config file "${source.path}": ${why}`;
      settle(() => reject(new TsgunError('TSGUN_E_SETTINGS', message)));
    };
    const stop = listen((message) => {
      if (message === null) fail('it never finishes, or ends the process');
      else if (message.type === 'failed') fail(message.stack);
      else if (message.type === 'config') settle(() => resolve(message));
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
    const stop = listen((message) => {
      if (message === null) settle({ outcome: 'failed', stack: 'its process ended' });
      else if (message.type === 'hook-done' && message.id === id) settle({ outcome: 'done' });
      else if (message.type === 'hook-failed' && message.id === id) {
        settle({ outcome: 'failed', stack: message.stack });
      }
    });
    const cancel = clock.after(timeoutMs, () => settle({ outcome: 'timeout' }));
  });
}
