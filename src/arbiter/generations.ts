import type { Log } from '../core/logger.ts';
import { createLogFile } from '../log/log-file.ts';
import { countAvailableCpus } from '../process/available-cpus.ts';
import { launch } from '../process/launcher.ts';
import { resolveIdentity, resolveOwner } from '../process/privileges.ts';
import { diffSettings } from '../settings/changes.ts';
import { toSnake } from '../settings/names.ts';
import type { SettingName, Settings } from '../settings/table.ts';
import { type Address, parseAddress } from '../sockets/address.ts';
import type { BindOptions } from '../sockets/bind.ts';
import type { ListenerSet } from '../sockets/listener-set.ts';
import type { Generation, Loaded } from './generation.ts';
import { Links } from './links.ts';
import { policyFrom } from './policy.ts';
import type { Policy } from './state.ts';

export interface GenerationsOptions {
  /** Whose `restart` settings stay in force. */
  first: Settings;
  listeners: ListenerSet;
  load(): Promise<Loaded>;
  log: Log;
  version: string;
}

/** The settings, listeners and hooks of every generation that some child still runs. */
export class Generations {
  readonly #options: GenerationsOptions;
  readonly #held = new Map<number, Generation>();
  readonly #links = new Links();

  constructor(options: GenerationsOptions) {
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
      const settings = this.#keepRestartOnly(loaded.settings);
      return await this.hold(number, { ...loaded, settings });
    } catch (error) {
      loaded.script?.close();
      throw error;
    }
  }

  async hold(number: number, loaded: Loaded): Promise<Policy> {
    const { settings } = loaded;
    const { listeners, log, version } = this.#options;
    const policy = policyFrom(loaded, countAvailableCpus());
    for (const message of loaded.warnings) log({ level: 'warning', message });
    loaded.script?.journal.writeTo(log);
    const identity = resolveIdentity(settings);
    const generation: Generation = {
      ...loaded,
      number,
      identity,
      listeners: { descriptorsFor: (slot) => listeners.descriptorsFor(number, slot) },
      launch: (command) => launch(command, identity),
      software: `tsgun/${version}`,
      links: [],
    };
    createAccessLog(generation);
    const slots = policy.gateways || policy.workers;
    await listeners.hold(number, addressesOf(settings), { ...bindOptions(settings), slots });
    generation.links = this.#links.hold(number, policy.edge, policy.gateways);
    this.#held.set(number, generation);
    return policy;
  }

  /** Changes one setting of a generation that runs. */
  set(number: number, name: SettingName, value: unknown, origin: string): Policy {
    const generation = this.get(number);
    const settings: Settings = { ...generation.settings };
    Object.assign(settings, { [name]: value });
    const origins = { ...generation.origins, [name]: origin };
    this.#held.set(number, { ...generation, settings, origins });
    return policyFrom({ ...generation, settings }, countAvailableCpus());
  }

  release(number: number): void {
    this.#held.get(number)?.script?.close();
    this.#held.delete(number);
    this.#options.listeners.release(number);
    this.#links.release(number);
  }

  accessLogs(): string[] {
    return [...this.#held.values()].flatMap(({ settings: { accesslog } }) => accesslog ?? []);
  }

  /** Access log files are there, and belong to who writes them, before any worker opens them. */
  createAccessLogs(): void {
    for (const generation of this.#held.values()) createAccessLog(generation);
  }

  close(): void {
    for (const { script } of this.#held.values()) script?.close();
  }

  #keepRestartOnly(settings: Settings): Settings {
    const kept: Settings = { ...settings };
    for (const { name, before, onReload } of diffSettings(this.#options.first, settings)) {
      if (onReload !== 'restart') continue;
      Object.assign(kept, { [name]: before });
      const message = `The new value of "${toSnake(name)}" takes a restart, not a reload`;
      this.#options.log({ level: 'warning', message });
    }
    return kept;
  }
}

export const addressesOf = ({ bind, chdir }: Settings): Address[] =>
  bind.map((text) => parseAddress(text, chdir));

function createAccessLog({ settings, identity }: Generation): void {
  const { accesslog } = settings;
  if (accesslog !== null && accesslog !== '-') createLogFile(accesslog, identity);
}

const everything = 0o777;

function bindOptions({
  backlog,
  reusePort,
  socketMode,
  socketOwner,
  umask,
}: Settings): BindOptions {
  return {
    backlog,
    reusePort,
    socketMode: socketMode ?? everything & ~(umask ?? 0),
    socketOwner: socketOwner === null ? null : resolveOwner(socketOwner),
  };
}
