import { acceptQueueLength } from '../native/sockets.ts';

/**
 * How many connections wait in each listening socket to be accepted, by its descriptor; null where
 * the kernel does not tell, as for Unix sockets. One system call each: `/proc/net/tcp`, which knows
 * it too, has a line for every connection of the machine.
 */
export const readAcceptQueues = (descriptors: Iterable<number>): Map<number, number | null> =>
  new Map([...descriptors].map((fd) => [fd, acceptQueueLength(fd)]));
