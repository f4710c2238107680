import { duplicate } from '../native/sockets.ts';

/** A second descriptor for the same open socket, closed on exec. */
export const duplicateDescriptor = (fd: number): number => duplicate(fd);
