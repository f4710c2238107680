import { addressesOf } from '../arbiter/generations.ts';
import type { Clock } from '../core/clock.ts';
import type { Settings } from '../settings/table.ts';
import type { ListenerSet } from '../sockets/listener-set.ts';
import type { ServiceManager } from '../systemd/service-manager.ts';

/** The moment that systemd needs to let go of a socket. */
const releaseMs = 50;

/**
 * What is kept of an earlier life, and not wanted any more, must not be in the way of what is:
 * 127.0.0.1:80 in that of 0.0.0.0:80.
 */
export async function makeWay(
  listeners: ListenerSet,
  settings: Settings,
  { clock, manager }: { clock: Clock; manager: ServiceManager | null },
): Promise<void> {
  const dropped = listeners.prepareFor(addressesOf(settings));
  if (dropped.length === 0) return;
  for (const { name } of dropped) manager?.remove(name);
  await new Promise<void>((resolve) => void clock.after(releaseMs, resolve));
}
