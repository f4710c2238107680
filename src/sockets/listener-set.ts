import type { Clock } from '../core/clock.ts';
import { errnoOf, TsgunError } from '../core/errors.ts';
import { isListening, localAddress } from '../native/sockets.ts';
import { type Address, formatAddress } from './address.ts';
import { type BindOptions, bindAddress } from './bind.ts';
import type { Inherited } from './inherit.ts';
import { describeSocket, type Listener, SharedListener } from './listener.ts';
import { PortGroup } from './port-group.ts';

interface Entry {
  listener: Listener;
  /** Generations whose settings name this address. */
  holders: Set<number>;
  /** Whether it ends with us, or belongs to systemd or an older tsgun. */
  owned: boolean;
}

/** What an upgrade passes on: the name says which address and slot the descriptor is for. */
export interface PassedDescriptor {
  fd: number;
  name: string;
}

/** Every address the arbiter listens on. Overlapping reloads each hold what they need. */
export class ListenerSet {
  readonly #entries = new Map<string, Entry>();
  #inherited: Inherited[];

  constructor(inherited: readonly Inherited[] = []) {
    this.#inherited = [...inherited];
  }

  /**
   * Binds what is new and shares what is there; all or nothing. Throws TSGUN_E_BIND.
   */
  async hold(
    generation: number,
    addresses: readonly Address[],
    options: BindOptions,
  ): Promise<void> {
    try {
      for (const address of addresses) {
        const key = formatAddress(address);
        const entry = this.#entries.get(key) ?? (await this.#bind(key, address, options));
        this.#entries.set(key, entry);
        entry.holders.add(generation);
        entry.listener.setBacklog(options.backlog);
      }
    } catch (error) {
      this.release(generation);
      throw error;
    }
  }

  /** Closes what no other generation holds. */
  release(generation: number): void {
    for (const [key, entry] of this.#entries) {
      entry.holders.delete(generation);
      if (entry.holders.size > 0) continue;
      this.#entries.delete(key);
      entry.listener.close();
    }
  }

  descriptorsFor(generation: number, slot: number): { fd: number; address: string }[] {
    return [...this.#entries.values()]
      .filter(({ holders }) => holders.has(generation))
      .map(({ listener }) => ({ fd: listener.descriptorFor(slot), address: listener.address }));
  }

  get addresses(): string[] {
    return [...this.#entries.values()].map(({ listener }) => listener.address);
  }

  setActive(slot: number, active: boolean): void {
    for (const { listener } of this.#entries.values()) listener.setActive(slot, active);
  }

  closeSlot(slot: number): void {
    for (const { listener } of this.#entries.values()) listener.closeSlot(slot);
  }

  refuseNew(): void {
    for (const { listener, owned } of this.#entries.values()) if (owned) listener.refuseNew();
  }

  /** For a new program: see `takeInherited`; colons separate names there. */
  pass(): PassedDescriptor[] {
    return [...this.#entries].flatMap(([key, { listener }]) =>
      listener
        .descriptors()
        .map(({ fd, slot }) => ({ fd, name: encodeURIComponent(`${key}#${slot}`) })),
    );
  }

  /** From now on another program ends what we hold. */
  disown(): void {
    for (const entry of this.#entries.values()) entry.owned = false;
  }

  /** What an older tsgun passed on is ours. */
  adopt(): void {
    for (const entry of this.#entries.values()) entry.owned = true;
  }

  /** Inherited descriptors that no address asked for. */
  get unused(): readonly Inherited[] {
    return this.#inherited;
  }

  close(): void {
    for (const { listener, owned } of this.#entries.values()) if (owned) listener.close();
    this.#entries.clear();
  }

  async #bind(key: string, address: Address, options: BindOptions): Promise<Entry> {
    const passed = this.#take(key, address);
    const holders = new Set<number>();
    const path = address.kind === 'unix' ? address.path : null;
    const grouped = options.reusePort && address.kind === 'tcp';
    const [first] = passed;
    if (first) {
      const listener = grouped
        ? new PortGroup(passed, options)
        : new SharedListener(first.fd, path);
      return { listener, holders, owned: false };
    }
    if (address.kind === 'fd') throw notListening(address.fd);
    const fd = await bindAddress(address, options);
    const listener = grouped
      ? new PortGroup([{ fd, slot: 0 }], options)
      : new SharedListener(fd, path);
    return { listener, holders, owned: true };
  }

  /** Inherited descriptors for an address: by number, by the name an upgrade gave, or by where they listen. */
  #take(key: string, address: Address): { fd: number; slot: number }[] {
    if (address.kind === 'fd') {
      this.#inherited = this.#inherited.filter(({ fd }) => fd !== address.fd);
      return isListening(address.fd) ? [{ fd: address.fd, slot: 0 }] : [];
    }
    const taken: { fd: number; slot: number }[] = [];
    this.#inherited = this.#inherited.filter(({ fd, name }) => {
      const [of, slot] = splitName(name);
      const matches = of === key || describeSocket(localAddress(fd)) === key;
      if (matches) taken.push({ fd, slot: slot ?? taken.length });
      return !matches;
    });
    return taken;
  }
}

function splitName(name: string): [string, number?] {
  const [, key, slot] = /^(.*)#(\d+)$/.exec(decodeName(name)) ?? [];
  return key === undefined ? [name] : [key, Number(slot)];
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // systemd's own name with a bare per cent sign
  }
}

const notListening = (fd: number): TsgunError =>
  new TsgunError('TSGUN_E_BIND', `Cannot listen on "fd://${fd}": it is no listening socket`);

export interface RetryOptions {
  clock: Clock;
  onRetry(message: string): void;
}

/** How often and how long apart Gunicorn tries an address in use: `sock.py`, `create_sockets`. */
const attempts = 5;
const pauseMs = 1000;

/** Tries an address in use again, as Gunicorn does, because an old server may just be leaving. */
export async function holdWithRetries<T>(
  hold: () => Promise<T>,
  { clock, onRetry }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await hold();
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (errnoOf(cause) !== 'EADDRINUSE') throw error;
      onRetry(`Connection in use: ${error instanceof Error ? error.message : ''}`);
      if (attempt === attempts) throw error;
      onRetry('Retrying in 1 second.');
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }
}
