import { lstatSync, rmSync } from 'node:fs';
import {
  attachFilter,
  closeDescriptor,
  type Instruction,
  listenSocket,
  localAddress,
  type SocketAddress,
} from '../native/sockets.ts';
import { formatAddress } from './address.ts';

/** A bound address and the descriptors that listen on it. */
export interface Listener {
  /** The address with the port it really got. */
  readonly address: string;
  descriptorFor(slot: number): number;
  descriptors(): readonly { fd: number; slot: number }[];
  setBacklog(backlog: number): void;
  /** Whether the kernel may give this slot connections; what it has queued stays its own. */
  setActive(slot: number, active: boolean): void;
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

  /** `path` is given for Unix sockets, whose own idea of their name is the temporary one. */
  constructor(fd: number, path: string | null) {
    this.#fd = fd;
    this.#place = path === null ? null : placeOf(path);
    this.address = path === null ? describeSocket(localAddress(fd)) : `unix:${path}`;
  }

  descriptorFor(): number {
    return this.#fd;
  }

  descriptors(): readonly { fd: number; slot: number }[] {
    return [{ fd: this.#fd, slot: 0 }];
  }

  setBacklog(backlog: number): void {
    listenSocket(this.#fd, backlog);
  }

  setActive(): void {}

  closeSlot(): void {}

  refuseNew(): void {
    if (this.#place) removePlace(this.#place);
    else if (!this.address.startsWith('unix:')) dropSyn(this.#fd);
  }

  close(): void {
    if (this.#place) removePlace(this.#place);
    closeDescriptor(this.#fd);
  }
}

export const describeSocket = (address: SocketAddress): string =>
  formatAddress(
    address.family === 'unix'
      ? { kind: 'unix', path: address.path }
      : { kind: 'tcp', host: address.host, port: address.port },
  );

const loadByte = 0x30;
const and = 0x54;
const jumpIfEqual = 0x15;
const give = 0x06;
/** Of a TCP header, where the filter of a TCP socket starts to read: RFC 9293, 3.1. */
const flagsOffset = 13;
const syn = 0x02;
const synOrAck = 0x12;

/** Drops what would open a connection: a client tries again a second later, and is not reset. */
const dropSynProgram: readonly Instruction[] = [
  { code: loadByte, value: flagsOffset },
  { code: and, value: synOrAck },
  { code: jumpIfEqual, jumpTrue: 0, jumpFalse: 1, value: syn },
  { code: give, value: 0 },
  { code: give, value: 0xff_ff_ff_ff },
];

export const dropSyn = (fd: number): void => attachFilter(fd, dropSynProgram);
