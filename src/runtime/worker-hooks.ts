import type { IncomingMessage, ServerResponse } from 'node:http';
import { stackOf } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import { importConfig } from './import-config.ts';

export interface WorkerHooksOptions {
  path: string;
  names: readonly string[];
  timeoutMs: number;
  worker: { pid: number; slot: number; generation: number };
  log: Log;
}

type Hook = (...args: unknown[]) => unknown;

/** The operator's hooks that run in a worker. What goes wrong in them is logged, and nothing else. */
export class WorkerHooks {
  readonly #options: WorkerHooksOptions;
  readonly #hooks: ReadonlyMap<string, Hook>;

  private constructor(options: WorkerHooksOptions, hooks: ReadonlyMap<string, Hook>) {
    this.#options = options;
    this.#hooks = hooks;
  }

  static async load(options: WorkerHooksOptions): Promise<WorkerHooks> {
    const config = await importConfig(options.path);
    const hooks = options.names.flatMap((name): [string, Hook][] => {
      const hook = config[name];
      return typeof hook === 'function'
        ? [[name, (...args) => Reflect.apply(hook, config, args)]]
        : [];
    });
    return new WorkerHooks(options, new Map(hooks));
  }

  /** Settles when the hook has run, failed, or was out of time. */
  async run(name: string): Promise<void> {
    const hook = this.#hooks.get(name);
    if (!hook) return;
    const { timeoutMs, worker } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#complain(`Hook "${name}" was cut off after ${timeoutMs / 1000} s`);
        resolve();
      }, timeoutMs);
    });
    const run = (async () => hook(worker))().catch((error) => this.#fail(name, error));
    await Promise.race([run, late]);
    clearTimeout(timer);
  }

  /** For what cannot wait. */
  runNow(name: string): void {
    this.around(name)?.();
  }

  /** A request hook as a plain function; null without one, so that nobody pays for it. */
  around(name: string): ((req?: IncomingMessage, res?: ServerResponse) => void) | null {
    const hook = this.#hooks.get(name);
    if (!hook) return null;
    return (...args) => {
      try {
        const result = hook(this.#options.worker, ...args);
        if (result instanceof Promise) result.catch((error) => this.#fail(name, error));
      } catch (error) {
        this.#fail(name, error);
      }
    };
  }

  #fail(name: string, error: unknown): void {
    this.#complain(`Hook "${name}" failed: ${stackOf(error)}`);
  }

  #complain(message: string): void {
    this.#options.log({ level: 'error', message });
  }
}
