import { messageOf } from '../core/errors.ts';
import { closeDescriptor } from '../native/sockets.ts';
import { type Address, formatAddress } from './address.ts';
import type { BindOptions } from './bind.ts';
import type { Inherited, Store } from './inherit.ts';
import { InheritedPool } from './inherited-pool.ts';
import type { Listener } from './listener.ts';
import { isLost, openListener } from './open-listener.ts';
import { formatPassedName, isOwned } from './passed-name.ts';
import { type Rights, updateRights } from './socket-file.ts';

interface Entry {
  listener: Listener;
  /** Generations whose settings name this address. */
  holders: Set<number>;
  inherited: readonly Inherited[];
  /** Whether it ends with us, or belongs to systemd or an older tsgun. */
  owned: boolean;
  /** Of a file that was there before us, to be as our settings have it. */
  file: { path: string; rights: Rights } | null;
}

/** Every address the arbiter listens on. Overlapping reloads each hold what they need. */
export class ListenerSet {
  readonly #entries = new Map<string, Entry>();
  /** Refused to newcomers already, and open only for those who are in. */
  readonly #ending = new Set<Entry>();
  readonly #pool: InheritedPool;
  #store: Store | null = null;
  #stored = false;
  #bequeathed = false;
  /** False while an older tsgun has the last word. */
  #leads: boolean;

  constructor(inherited: readonly Inherited[] = []) {
    this.#pool = new InheritedPool(inherited);
    this.#leads = inherited.length === 0;
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
        const entry = this.#entries.get(key) ?? (await this.#bind(address, options));
        this.#entries.set(key, entry);
        entry.holders.add(generation);
        entry.listener.setBacklog(options.backlog);
      }
      this.#updateStore();
    } catch (error) {
      this.release(generation);
      throw error;
    }
  }

  /** Closes what no other generation holds; what was inherited waits to be wanted again. */
  release(generation: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#letGo(entry, generation)) this.#entries.delete(key);
    }
    for (const entry of this.#ending) {
      if (this.#letGo(entry, generation)) this.#ending.delete(entry);
    }
    this.#updateStore();
  }

  #letGo({ holders, inherited, listener, owned }: Entry, generation: number): boolean {
    holders.delete(generation);
    if (holders.size > 0) return false;
    if (owned) listener.close();
    else this.#pool.giveBack(inherited);
    return true;
  }

  descriptorsFor(generation: number, slot: number): { fd: number; address: string }[] {
    const descriptors = [...this.#entries.values()]
      .filter(({ holders }) => holders.has(generation))
      .flatMap(({ listener }) =>
        listener.descriptorsFor(slot).map((fd) => ({ fd, address: listener.address })),
      );
    this.#updateStore();
    return descriptors;
  }

  /** Every address with the descriptors that wait for its connections. */
  list(): { address: string; descriptors: readonly number[] }[] {
    return [...this.#entries.values()].map(({ listener }) => ({
      address: listener.address,
      descriptors: listener.descriptors().map(({ fd }) => fd),
    }));
  }

  get addresses(): string[] {
    return [...this.#entries.values()].map(({ listener }) => listener.address);
  }

  setActive(slot: number, active: boolean): void {
    for (const { listener } of this.#entries.values()) listener.setActive(slot, active);
  }

  /** What is also kept elsewhere would stay in the kernel's choice, so its slot can have it again. */
  closeSlot(slot: number): void {
    if (this.#stored) return;
    for (const { listener } of this.#entries.values()) listener.closeSlot(slot);
    this.#updateStore();
  }

  /** From now on what is ours is also kept there. */
  keepIn(store: Store): void {
    this.#store = store;
    this.#updateStore();
  }

  /** What is kept waits for our next life, clients with it, instead of being refused at our end. */
  bequeath(): void {
    this.#bequeathed = this.#stored;
  }

  get isStored(): boolean {
    return this.#stored;
  }

  get isBequeathed(): boolean {
    return this.#bequeathed;
  }

  #updateStore(): void {
    if (!this.#store || this.#bequeathed) return;
    const ours = this.#listHeld().filter(({ owned }) => owned);
    this.#stored = this.#store.keep(ours) && ours.length > 0;
  }

  /** Before the end; where it cannot be done, what comes in until then is lost. */
  refuseNew(onProblem: (message: string) => void): void {
    if (this.#bequeathed) return;
    this.#store?.keep([]);
    this.#store = null;
    this.#stored = false;
    this.#refuse(this.#entries.values(), onProblem);
  }

  /**
   * Before the last worker of `generation` leaves: nobody new gets in where no other generation,
   * nor one that is being prepared, will accept. True when there are such addresses.
   */
  refuseDropped(generation: number, onProblem: (message: string) => void): boolean {
    const isDropped = ({ holders }: Entry) => holders.size === 1 && holders.has(generation);
    const dropped = [...this.#entries].filter(([, entry]) => isDropped(entry));
    for (const [key, entry] of dropped) {
      this.#entries.delete(key);
      this.#ending.add(entry);
    }
    this.#refuse(
      dropped.map(([, entry]) => entry),
      onProblem,
    );
    return [...this.#ending].some(isDropped);
  }

  #refuse(entries: Iterable<Entry>, onProblem: (message: string) => void): void {
    for (const { listener, owned } of entries) {
      try {
        if (owned) listener.refuseNew();
      } catch (error) {
        onProblem(`Cannot refuse new connections to "${listener.address}": ${messageOf(error)}`);
      }
    }
  }

  /** For a new program, with names that tell it what each one is: see `takeInherited`. */
  pass(): Inherited[] {
    const held = this.#listHeld().map(({ fd, name }) => ({ fd, name }));
    return [...held, ...this.#pool.free];
  }

  #listHeld(): (Inherited & { owned: boolean })[] {
    return [...this.#entries].flatMap(([key, { listener, owned }]) =>
      listener.descriptors().map(({ fd, slot }, order) => {
        const name = formatPassedName({ key, slot, order, owned });
        return { fd, name, owned };
      }),
    );
  }

  /** From now on another program ends what we hold. */
  disown(): void {
    this.#store = null;
    for (const entry of [...this.#entries.values(), ...this.#ending]) entry.owned = false;
    this.lead(false);
  }

  /** Whether the kernel is to choose among our workers, whatever another program has told it. */
  lead(leads: boolean): void {
    this.#leads = leads;
    for (const { listener } of this.#entries.values()) listener.lead(leads);
  }

  /** Gives what we owned in an earlier life, and lets go of it as none of these want it. */
  prepareFor(addresses: readonly Address[]): readonly Inherited[] {
    return this.#pool.endOwned(addresses);
  }

  /** What an older tsgun owned, or we in an earlier life, is ours. */
  adopt(onProblem: (message: string) => void): void {
    for (const entry of this.#entries.values()) {
      if (entry.owned || !entry.inherited.every(isOwned)) continue;
      entry.owned = true;
      try {
        if (entry.file) updateRights(entry.file.path, entry.file.rights);
      } catch (error) {
        onProblem(`Cannot change who may use "${entry.listener.address}": ${messageOf(error)}`);
      }
    }
    this.#pool.endOwned();
    this.lead(true);
  }

  /** Inherited descriptors that no address asked for. */
  get unused(): readonly Inherited[] {
    return this.#pool.free;
  }

  close(): void {
    const mine = this.#bequeathed ? [] : this.#entries.values();
    for (const { listener, owned } of [...mine, ...this.#ending]) if (owned) listener.close();
    this.#entries.clear();
    this.#ending.clear();
  }

  async #bind(address: Address, options: BindOptions): Promise<Entry> {
    const taken = this.#pool.take(address);
    const lost = taken.filter((one) => isLost(one, address));
    const inherited = taken.filter((one) => !lost.includes(one));
    const owned = inherited.length === 0;
    const listener = await openListener(address, inherited, options);
    for (const { fd } of lost) closeDescriptor(fd);
    if (!owned) listener.lead(this.#leads);
    const { socketMode: mode, socketOwner: owner } = options;
    const isFile = address.kind === 'unix' && !owned;
    const file = isFile ? { path: address.path, rights: { mode, owner } } : null;
    return { listener, holders: new Set(), inherited, owned, file };
  }
}
