import { closeOnExec, isListening, localAddress } from '../native/sockets.ts';
import { type Address, formatAddress } from './address.ts';
import type { Inherited } from './inherit.ts';
import { describeSocket, SharedListener } from './listener.ts';
import { isOwned, parsePassedName } from './passed-name.ts';

/** Inherited sockets that no address uses, or not at the moment. */
export class InheritedPool {
  readonly #all: readonly Inherited[];
  #free: Inherited[];

  constructor(inherited: readonly Inherited[]) {
    this.#all = inherited;
    this.#free = [...inherited];
  }

  get free(): readonly Inherited[] {
    return this.#free;
  }

  /** The sockets for an address: one, or with `reuse_port` one for each slot of the old program. */
  take(address: Address): Inherited[] {
    const named = address.kind === 'named' ? findNamed(this.#all, address) : undefined;
    const fitting = this.#free.filter(
      (inherited) => inherited === named || isFor(inherited, address),
    );
    // Several are one address, whatever their names say.
    const taken = fitting.filter(({ fd }) => placeOf(fd) === placeOf(fitting[0]?.fd ?? fd));
    this.#free = this.#free.filter((inherited) => !taken.includes(inherited));
    if (taken.length > 0 || address.kind !== 'fd' || !isListening(address.fd)) return taken;
    // Passed without LISTEN_FDS, by a shell say.
    closeOnExec(address.fd);
    return [{ fd: address.fd, name: '' }];
  }

  giveBack(taken: readonly Inherited[]): void {
    this.#free.push(...taken);
  }

  /** Closes what an older tsgun owned: nobody else will, and its clients would wait for ever. */
  endOwned(wanted: readonly Address[] = []): readonly Inherited[] {
    const isWanted = (inherited: Inherited) => wanted.some((address) => isFor(inherited, address));
    const owned = this.#free.filter((inherited) => isOwned(inherited) && !isWanted(inherited));
    this.#free = this.#free.filter((inherited) => !owned.includes(inherited));
    for (const { fd, name } of owned) {
      const key = parsePassedName(name)?.key ?? '';
      const path = key.startsWith('unix:') ? key.slice('unix:'.length) : null;
      new SharedListener(fd, path).close();
    }
    return owned;
  }
}

/** The n-th that was passed under a name by somebody else than an older tsgun. */
const findNamed = (all: readonly Inherited[], { name, index }: { name: string; index: number }) =>
  all.filter((inherited) => inherited.name === name)[index];

/** By what an older tsgun says it is, by number, or by where it listens. */
function isFor({ fd, name }: Inherited, address: Address): boolean {
  const passed = parsePassedName(name);
  if (passed?.key === formatAddress(address)) return true;
  // The same place may be spelled otherwise by now.
  if (passed) return passed.owned && placeOf(fd) === formatAddress(address);
  if (address.kind === 'fd') return address.fd === fd;
  return placesOf(address).includes(placeOf(fd));
}

const placeOf = (fd: number): string => describeSocket(localAddress(fd));

const placesOf = (address: Address): string[] =>
  address.kind === 'tcp' && address.host === '*'
    ? ['::', '0.0.0.0'].map((host) => formatAddress({ ...address, host }))
    : [formatAddress(address)];

/** What to bind when the user names nothing: all that was lent to us, which is then served. */
export const lentAddresses = (inherited: readonly Inherited[]): string[] =>
  inherited.flatMap(({ fd, name }) => {
    const passed = parsePassedName(name);
    if (!passed) return [`fd://${fd}`];
    return passed.key.startsWith('fd://') ? [passed.key] : [];
  });

/** An address for each descriptor of a name: one socket unit gives all of its own the same one. */
export function expandNamed(bind: readonly string[], inherited: readonly Inherited[]): string[] {
  // Strangers may have a slash in a name of their own.
  const names = inherited.map(
    ({ name }) => parsePassedName(name)?.key.replace(/\/\d+$/, '') ?? `fd://${name}`,
  );
  return bind.flatMap((text) => {
    const count = names.filter((name) => name === text).length;
    if (!text.startsWith('fd://') || count < 2) return [text];
    return Array.from({ length: count }, (_, index) => (index === 0 ? text : `${text}/${index}`));
  });
}
