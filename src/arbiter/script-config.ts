import { messageOf } from '../core/errors.ts';
import { HookJournal } from './hook-journal.ts';
import {
  type HookEnd,
  type ScriptHost,
  type ScriptLoaded,
  type ScriptSource,
  startHost,
} from './script-host.ts';

/** Hooks that wait for their turn; a crash loop can ask for them faster than they run. */
const mostWaiting = 1000;

/** A script config in a process of its own: what it sets, and its hooks. */
export class ScriptConfig {
  readonly path: string;
  /** Where Python looks for its imports first; empty is nowhere. */
  readonly importFrom: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** The names of its exported functions. */
  readonly functions: readonly string[];
  /** What its hooks log. */
  readonly journal: HookJournal;
  readonly #source: ScriptSource;
  #host: ScriptHost;
  #settings: Readonly<Record<string, unknown>> | null = null;
  #closed = false;
  #lastId = 0;
  #waiting = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(source: ScriptSource, first: FirstHost) {
    this.#source = source;
    this.#host = first.host;
    this.journal = first.journal;
    this.path = source.path;
    this.importFrom = source.importFrom ?? '';
    this.values = first.loaded.values;
    this.functions = first.loaded.functions;
  }

  /** Throws TSGUN_E_SETTINGS when it cannot be loaded. */
  static async open(source: ScriptSource): Promise<ScriptConfig> {
    const journal = new HookJournal();
    const host = startHost(source, journal.add);
    return new ScriptConfig(source, { host, journal, loaded: await host.loaded });
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

  /** How the settings came out in the end, for hooks that look at them. */
  learn(settings: Readonly<Record<string, unknown>>): void {
    this.#settings = settings;
    if (!this.#host.ended()) this.#host.send({ type: 'settings', settings });
  }

  /** Settles when the hooks that wait have run, or their time is over. */
  async finish(timeoutMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#source.clock.after(timeoutMs, late.resolve);
    await Promise.race([this.#queue, late.promise]);
    cancel();
  }

  close(): void {
    this.#closed = true;
    this.#host.end();
  }

  async #run(name: string, args: unknown[], timeoutMs: number): Promise<HookEnd> {
    if (this.#closed) return { outcome: 'failed', stack: 'its config was closed' };
    if (this.#host.ended()) {
      this.#host = startHost(this.#source, this.journal.add);
      await this.#host.loaded;
      if (this.#settings) this.#host.send({ type: 'settings', settings: this.#settings });
    }
    this.#lastId += 1;
    const end = await this.#host.call({ type: 'hook', id: this.#lastId, name, args }, timeoutMs);
    if (end.outcome === 'timeout') this.#host.end();
    return end;
  }
}

interface FirstHost {
  host: ScriptHost;
  journal: HookJournal;
  loaded: ScriptLoaded;
}
