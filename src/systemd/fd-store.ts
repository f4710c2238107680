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
  #stale: readonly Stored[];
  #warned = false;

  /** `inherited` is what it, or our predecessor, has given us: what is not wanted again has to go. */
  constructor(manager: ServiceManager, inherited: readonly Stored[], log: Log) {
    this.#manager = manager;
    this.#log = log;
    this.#stale = inherited;
  }

  /** From now on these and no others are kept; false when that cannot be. */
  keep(wanted: readonly Stored[]): boolean {
    const fits = this.#check(wanted);
    const names = new Map(fits ? wanted.map(({ name, fd }) => [name, fd]) : []);
    const stale = this.#stale.filter(({ name, fd }) => names.get(name) !== fd);
    const gone = [...this.#kept].filter((name) => !names.has(name));
    for (const name of new Set([...stale.map(({ name }) => name), ...gone]))
      this.#manager.remove(name);
    this.#stale = [];
    // Whatever it has already it does not take twice.
    for (const { name, fd } of fits ? wanted : [])
      if (!this.#kept.has(name)) this.#manager.store(name, fd);
    this.#kept = new Set(names.keys());
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
