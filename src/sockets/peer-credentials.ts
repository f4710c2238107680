import type { Socket } from 'node:net';
import { type Credentials, isHungUp, peerCredentials, peerGroups } from '../native/peer.ts';

export interface Peer extends Credentials {
  /** Its supplementary groups. */
  groups: number[];
}

/** Who has connected to a Unix socket, as the kernel knows it; null when the connection is gone. */
export function readPeer(socket: Socket): Peer | null {
  const fd = descriptorOf(socket);
  return fd === null ? null : { ...peerCredentials(fd), groups: peerGroups(fd) };
}

/**
 * After the end of what it sends: whether the other side is gone altogether, or still reads.
 * Nobody can tell that from `end` alone.
 */
export function isGone(socket: Socket): boolean {
  const fd = descriptorOf(socket);
  return fd === null || isHungUp(fd);
}

/** Node keeps the descriptor of a socket to itself. */
function descriptorOf(socket: Socket): number | null {
  const handle: unknown = '_handle' in socket ? socket._handle : null;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return null;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : null;
}
