import type { Log } from '../core/logger.ts';
import type { ServiceManager } from './service-manager.ts';

/** FDNAME_MAX of systemd. */
const longestName = 255;

export interface Stored {
  name: string;
  fd: number;
}

/**
 * Listening sockets that systemd keeps open while the service is started again, after a crash or on
 * request: sd_pid_notify_with_fds(3). They come back by `LISTEN_FDNAMES`.
 */
export class FdStore {
  readonly #manager: ServiceManager;
  readonly #log: Log;
  #kept: ReadonlySet<string> = new Set();
  #stale: readonly string[];
  #warned = false;

  /** `names` is what it, or our predecessor, has given us: what is not wanted again has to go. */
  constructor(manager: ServiceManager, names: readonly string[], log: Log) {
    this.#manager = manager;
    this.#log = log;
    this.#stale = names;
  }

  /** From now on these and no others are kept; false when that cannot be. */
  keep(wanted: readonly Stored[]): boolean {
    const fits = this.#check(wanted);
    const names = new Set(fits ? wanted.map(({ name }) => name) : []);
    for (const name of new Set([...this.#stale, ...this.#kept]))
      if (!names.has(name)) this.#manager.remove(name);
    this.#stale = [];
    // Whatever it has already it does not take twice.
    for (const { name, fd } of fits ? wanted : [])
      if (!this.#kept.has(name)) this.#manager.store(name, fd);
    this.#kept = names;
    return fits;
  }

  #check(wanted: readonly Stored[]): boolean {
    const { storeMax } = this.#manager.environment;
    const long = wanted.find(({ name }) => name.length > longestName);
    if (wanted.length <= storeMax && !long) return true;
    const why = long
      ? 'a path is too long for its name'
      : `${wanted.length} descriptors, and FileDescriptorStoreMax=${storeMax}`;
    if (!this.#warned && storeMax > 0) {
      const message = `A restart will refuse connections: systemd cannot keep the listening sockets (${why})`;
      this.#log({ level: 'warning', message });
    }
    this.#warned = true;
    return false;
  }
}
