import { errnoOf } from '../core/errors.ts';
import {
  attachFilter,
  attachReusePortProgram,
  bindSocket,
  closeDescriptor,
  type Instruction,
  listenSocket,
  localAddress,
  openSocket,
  requireFullTtl,
  setOnlyIpv6,
  setReuseAddress,
  setReusePort,
} from '../native/sockets.ts';

/**
 * Lets nobody new into TCP listeners of one port, while those who are on their way in, or wait in
 * the queue, stay: a client is not answered, tries again a second later, and is not reset. Gives
 * the descriptor that has to stay open for it, if there is one. Throws when the kernel refuses.
 */
export function refuseNew(listeners: readonly number[]): number | null {
  try {
    for (const fd of listeners) dropSyn(fd);
    return null;
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    // Since 2026 Linux wants CAP_NET_ADMIN for a filter on TCP, which containers lack.
    return leadAside(listeners);
  }
}

const loadByte = 0x30;
const and = 0x54;
const jumpIfEqual = 0x15;
const give = 0x06;
/** Of a TCP header, where the filter of a TCP socket starts to read: RFC 9293, 3.1. */
const flagsOffset = 13;
const syn = 0x02;
const synOrAck = 0x12;

const dropSynProgram: readonly Instruction[] = [
  { code: loadByte, value: flagsOffset },
  { code: and, value: synOrAck },
  { code: jumpIfEqual, jumpTrue: 0, jumpFalse: 1, value: syn },
  { code: give, value: 0 },
  { code: give, value: 0xff_ff_ff_ff },
];

const dropSyn = (fd: number): void => attachFilter(fd, dropSynProgram);

/**
 * The same without privileges: a further socket joins the port, takes no packet that anybody sends,
 * and is the only one that new connections are led to.
 */
export function leadAside(listeners: readonly number[]): number {
  const [first = -1] = listeners;
  const local = localAddress(first);
  for (const fd of listeners) setReusePort(fd);
  const aside = openSocket(local.family);
  try {
    setReuseAddress(aside);
    setReusePort(aside);
    if (local.family === 'ipv6') setOnlyIpv6(aside, local.host !== '::');
    requireFullTtl(aside, local.family);
    bindSocket(aside, local);
    listenSocket(aside, 1);
    attachReusePortProgram(first, [{ code: give, value: listeners.length }]);
    return aside;
  } catch (error) {
    closeDescriptor(aside);
    throw error;
  }
}
