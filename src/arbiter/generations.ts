import type { Log } from '../core/logger.ts';
import { createLogFile } from '../log/log-file.ts';
import { countAvailableCpus } from '../process/available-cpus.ts';
import { launch } from '../process/launcher.ts';
import { resolveIdentity } from '../process/privileges.ts';
import { diffSettings } from '../settings/changes.ts';
import type { Settings } from '../settings/table.ts';
import type { BindOptions } from '../sockets/bind.ts';
import type { ListenerSet } from '../sockets/listener-set.ts';
import type { Generation, Identity, Loaded } from './generation.ts';
import { policyFrom } from './policy.ts';
import type { Policy } from './state.ts';

export interface GenerationsOptions {
  listeners: ListenerSet;
  load(): Promise<Loaded>;
  log: Log;
}

/** The settings, listeners and hooks of every generation that some child still runs. */
export class Generations {
  readonly #options: GenerationsOptions;
  readonly #held = new Map<number, Generation>();
  /** Whose `restart` settings are in force. */
  readonly #first: Settings;

  constructor(first: Loaded, options: GenerationsOptions) {
    this.#first = first.settings;
    this.#options = options;
  }

  get(number: number): Generation {
    const generation = this.#held.get(number);
    if (!generation) throw new Error(`Generation ${number} is not held`);
    return generation;
  }

  /** Reads everything anew and binds what changed; a failure leaves no trace. */
  async prepare(number: number): Promise<Policy> {
    const loaded = await this.#options.load();
    try {
      return await this.hold(number, {
        ...loaded,
        settings: this.#keepRestartOnly(loaded.settings),
      });
    } catch (error) {
      loaded.script?.close();
      throw error;
    }
  }

  async hold(number: number, loaded: Loaded): Promise<Policy> {
    const { settings } = loaded;
    const { listeners } = this.#options;
    const identity = await resolveIdentity(settings);
    if (settings.accesslog !== null && settings.accesslog !== '-')
      createLogFile(settings.accesslog, identity);
    await listeners.hold(number, settings.bind, bindOptions(settings, identity));
    this.#held.set(number, {
      ...loaded,
      number,
      identity,
      listeners: { descriptorsFor: (slot) => listeners.descriptorsFor(number, slot) },
      launch: (command) => launch(command, identity, { pdeathsig: true }),
    });
    return policyFrom(settings, countAvailableCpus());
  }

  release(number: number): void {
    this.#held.get(number)?.script?.close();
    this.#held.delete(number);
    this.#options.listeners.release(number);
  }

  /** Access log files exist, and belong to who writes them, before any worker opens them. */
  createAccessLogs(): void {
    for (const { settings, identity } of this.#held.values()) {
      if (settings.accesslog !== null && settings.accesslog !== '-')
        createLogFile(settings.accesslog, identity);
    }
  }

  #keepRestartOnly(settings: Settings): Settings {
    const kept: Settings = { ...settings };
    for (const change of diffSettings(this.#first, settings)) {
      if (change.onReload !== 'restart') continue;
      Object.assign(kept, { [change.name]: change.before });
      const message = `Setting "${change.name}" changes only with a restart`;
      this.#options.log({ level: 'warning', message });
    }
    return kept;
  }
}

export function bindOptions(settings: Settings, identity: Identity | null): BindOptions {
  const { backlog, reusePort, socketMode, socketOwner, umask } = settings;
  return { backlog, reusePort, socketMode, socketOwner, umask, identity };
}
