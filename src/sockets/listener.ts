import { lstatSync, rmSync } from 'node:fs';
import {
  closeDescriptor,
  listenSocket,
  localAddress,
  type SocketAddress,
} from '../native/sockets.ts';
import { formatAddress } from './address.ts';
import { refuseNew } from './refuse-new.ts';

/** A bound address and the descriptors that listen on it. */
export interface Listener {
  /** The address with the port it really got. */
  readonly address: string;
  /** Its own first. */
  descriptorsFor(slot: number): readonly number[];
  descriptors(): readonly { fd: number; slot: number }[];
  setBacklog(backlog: number): void;
  /** Whether the kernel may give this slot connections; what it has queued stays its own. */
  setActive(slot: number, active: boolean): void;
  /** Whether it is this program, not one before or after it, that tells the kernel whom to choose. */
  lead(leads: boolean): void;
  /** Of a slot that is not active and has nothing queued. */
  closeSlot(slot: number): void;
  /** No connection comes in any more; those in the queue stay. */
  refuseNew(): void;
  close(): void;
}

/** Where a Unix socket of ours is, and which one it was, so that nobody else's is removed. */
export interface Place {
  path: string;
  inode: number;
}

export function placeOf(path: string): Place | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSocket() ? { path, inode: stat.ino } : null;
}

export function removePlace({ path, inode }: Place): void {
  if (placeOf(path)?.inode === inode) rmSync(path, { force: true });
}

/** One socket that all slots share. */
export class SharedListener implements Listener {
  readonly address: string;
  readonly #fd: number;
  readonly #place: Place | null;
  #aside: number | null = null;

  /** `path` is given for Unix sockets, whose own idea of their name is the temporary one. */
  constructor(fd: number, path: string | null) {
    this.#fd = fd;
    this.#place = path === null ? null : placeOf(path);
    this.address = path === null ? describeSocket(localAddress(fd)) : `unix:${path}`;
  }

  descriptorsFor(): readonly number[] {
    return [this.#fd];
  }

  descriptors(): readonly { fd: number; slot: number }[] {
    return [{ fd: this.#fd, slot: 0 }];
  }

  setBacklog(backlog: number): void {
    listenSocket(this.#fd, backlog);
  }

  setActive(): void {}

  lead(): void {}

  closeSlot(): void {}

  refuseNew(): void {
    if (this.#place) removePlace(this.#place);
    else if (!this.address.startsWith('unix:')) this.#aside ??= refuseNew([this.#fd]);
  }

  close(): void {
    if (this.#place) removePlace(this.#place);
    closeDescriptor(this.#fd);
    if (this.#aside !== null) closeDescriptor(this.#aside);
  }
}

export const describeSocket = (address: SocketAddress): string =>
  formatAddress(
    address.family === 'unix'
      ? { kind: 'unix', path: address.path }
      : { kind: 'tcp', host: address.host, port: address.port },
  );
