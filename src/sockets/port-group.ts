import { errnoOf } from '../core/errors.ts';
import {
  attachReusePortProgram,
  closeDescriptor,
  type Instruction,
  listenSocket,
  localAddress,
  type SocketAddress,
  setReusePort,
} from '../native/sockets.ts';
import { type BindOptions, bindSocketAt } from './bind.ts';
import { describeSocket, type Listener } from './listener.ts';
import { refuseNew } from './refuse-new.ts';

interface Member {
  slot: number;
  fd: number;
  /** A worker accepts on it; until then, and after, the kernel gives it nothing. */
  active: boolean;
}

/**
 * `reuse_port`: each slot has a socket of its own on one port, and the kernel spreads connections
 * over them: socket(7). The arbiter keeps them all open, so that none dies with its worker.
 */
export class PortGroup implements Listener {
  readonly address: string;
  readonly #local: SocketAddress;
  readonly #options: BindOptions;
  /** In the kernel's order: by `listen`, and on close the last one moves into the gap. */
  readonly #members: Member[];
  /** Of slots that nobody serves now: the first slot accepts what waits in them. */
  readonly #abandoned: ReadonlySet<number>;
  #aside: number | null = null;
  /** From then on the kernel's order must stay as it is. */
  #refusing = false;
  #leads = true;

  constructor(members: readonly { fd: number; slot: number }[], options: BindOptions) {
    const [first] = members;
    if (!first) throw new Error('A port group has at least one socket');
    this.#local = localAddress(first.fd);
    this.address = describeSocket(this.#local);
    this.#options = options;
    this.#members = members.map((member) => ({ ...member, active: false }));
    const { slots = Number.POSITIVE_INFINITY } = options;
    this.#abandoned = new Set(members.filter(({ slot }) => slot >= slots).map(({ fd }) => fd));
    // Of an earlier life it may be a socket that was meant to be alone.
    for (const { fd } of members) setReusePort(fd);
  }

  descriptorsFor(slot: number): readonly number[] {
    const member = this.#members.find((candidate) => candidate.slot === slot) ?? this.#join(slot);
    return slot === 0 ? [...new Set([member.fd, ...this.#abandoned])] : [member.fd];
  }

  #join(slot: number): Member {
    // Somebody else who leads has no group yet if this is the second socket.
    const leads = this.#leads || this.#members.length === 1;
    // Before it joins, so that it is never chosen by accident.
    if (leads) this.#steer();
    const member = { slot, fd: bindSocketAt(this.#local, this.#options), active: false };
    this.#members.push(member);
    if (leads) this.#steer(); // there may have been no group before
    return member;
  }

  descriptors(): readonly { fd: number; slot: number }[] {
    return this.#members;
  }

  setBacklog(backlog: number): void {
    for (const { fd } of this.#members) listenSocket(fd, backlog);
  }

  setActive(slot: number, active: boolean): void {
    const member = this.#members.find((candidate) => candidate.slot === slot);
    if (this.#refusing || !member || member.active === active) return;
    // The last one keeps connections waiting rather than refusing them.
    if (!active && this.#members.filter((other) => other.active).length === 1) return;
    member.active = active;
    if (this.#leads) this.#steer();
  }

  lead(leads: boolean): void {
    this.#leads = leads;
    if (leads && !this.#refusing && this.#members.some(({ active }) => active)) this.#steer();
  }

  closeSlot(slot: number): void {
    const index = this.#members.findIndex((member) => member.slot === slot);
    const [member] = index < 0 ? [] : this.#members.slice(index, index + 1);
    if (this.#refusing || !this.#leads || !member || member.active) return;
    if (this.#members.length === 1 || this.#abandoned.has(member.fd)) return;
    closeDescriptor(member.fd);
    const last = this.#members.pop();
    if (last && last !== member) this.#members[index] = last;
    this.#steer();
  }

  refuseNew(): void {
    if (this.#refusing) return;
    this.#refusing = true;
    this.#aside = refuseNew(this.#members.map(({ fd }) => fd));
  }

  close(): void {
    for (const { fd } of this.#members) closeDescriptor(fd);
    if (this.#aside !== null) closeDescriptor(this.#aside);
  }

  /** Tells the kernel which sockets it may choose; before any worker is ready it is the first. */
  #steer(): void {
    const [first] = this.#members;
    if (!first) return;
    const active = [...this.#members.entries()].filter(([, member]) => member.active);
    const chosen = active.length === 0 ? [0] : active.map(([index]) => index);
    try {
      attachReusePortProgram(first.fd, chooseAmong(chosen));
    } catch (error) {
      // There is no choice, and no group, for one that joined none when it was bound.
      if (errnoOf(error) !== 'EINVAL' || this.#members.length > 1) throw error;
    }
  }
}

const loadWord = 0x20;
const modulo = 0x94;
const jumpIfEqual = 0x15;
const give = 0x06;
/** `SKF_AD_OFF + SKF_AD_RANDOM`: linux/filter.h. */
const random = -0x1000 + 56;

/** One of these indexes at random. */
const chooseAmong = (indexes: readonly number[]): Instruction[] => [
  { code: loadWord, value: random },
  { code: modulo, value: indexes.length },
  ...indexes.flatMap((index, position) => [
    { code: jumpIfEqual, jumpTrue: 0, jumpFalse: 1, value: position },
    { code: give, value: index },
  ]),
  { code: give, value: 0 },
];
