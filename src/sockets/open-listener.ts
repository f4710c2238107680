import { TsgunError } from '../core/errors.ts';
import { type Address, formatAddress } from './address.ts';
import { type BindOptions, bindAddress } from './bind.ts';
import type { Inherited } from './inherit.ts';
import { type Listener, placeOf, SharedListener } from './listener.ts';
import { isOwned, parsePassedName } from './passed-name.ts';
import { PortGroup } from './port-group.ts';

/** Listens on what was inherited for an address, or binds it. Throws TSGUN_E_BIND. */
export async function openListener(
  address: Address,
  inherited: readonly Inherited[],
  options: BindOptions,
): Promise<Listener> {
  const isNew = inherited.length === 0;
  const sockets = isNew ? [{ fd: await bindNew(address, options), slot: 0 }] : inOrder(inherited);
  // What was lent may not be ours to share out.
  const reusePort = options.reusePort && inherited.every(isOwned);
  return listenOn(sockets, address, { ...options, reusePort });
}

/** Nobody can reach a Unix socket of ours whose file was removed: it is made anew. */
export const isLost = (inherited: Inherited, address: Address): boolean =>
  address.kind === 'unix' && isOwned(inherited) && placeOf(address.path) === null;

function bindNew(address: Address, options: BindOptions): Promise<number> {
  if (address.kind === 'tcp' || address.kind === 'unix') return bindAddress(address, options);
  const why =
    address.kind === 'fd' ? 'it is no listening socket' : 'nothing of that name was passed';
  const message = `Cannot listen on "${formatAddress(address)}": ${why}`;
  throw new TsgunError('TSGUN_E_BIND', message);
}

function inOrder(inherited: readonly Inherited[]): { fd: number; slot: number }[] {
  return inherited
    .map(({ fd, name }, index) => {
      const { slot = index, order = index } = parsePassedName(name) ?? {};
      return { fd, slot, order };
    })
    .toSorted((one, other) => one.order - other.order);
}

function listenOn(
  sockets: readonly { fd: number; slot: number }[],
  address: Address,
  options: BindOptions,
): Listener {
  const [first] = sockets;
  // Several stay several, or those who are led to the others would wait for ever.
  if (!first || sockets.length > 1 || (options.reusePort && address.kind === 'tcp'))
    return new PortGroup(sockets, { ...options, reusePort: true });
  return new SharedListener(first.fd, address.kind === 'unix' ? address.path : null);
}
