import { bindSocket, closeDescriptor, listenSocket, openSocket } from '../native/sockets.ts';

const backlog = 4096;

/** A Unix socket that listens under a name that is no file: unix(7). It ends with its descriptor. */
export function listenAbstract(name: string): number {
  const fd = openSocket('unix');
  try {
    bindSocket(fd, { family: 'unix', path: `\0${name}` });
    listenSocket(fd, backlog);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

export const closeListener = closeDescriptor;
