import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';

const lingerMs = 500;
const most = 64;

/**
 * Last words to connections that are cut. Closed at once, a caller who writes at that moment would
 * get EPIPE and never read why; so they may linger, but only a few of them and not for long.
 */
export class Farewells {
  readonly #clock: Clock;
  readonly #sockets = new Set<Socket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  say(socket: Socket, line: string): void {
    if (socket.destroyed) return;
    for (const oldest of this.#sockets) if (this.#sockets.size >= most) this.#destroy(oldest);
    this.#sockets.add(socket);
    const cancel = this.#clock.after(lingerMs, () => this.#destroy(socket));
    socket.once('close', () => {
      cancel();
      this.#sockets.delete(socket);
    });
    if (socket.writable) socket.end(line);
    socket.resume(); // to find out that the other side has gone
  }

  close(): void {
    for (const socket of this.#sockets) this.#destroy(socket);
  }

  #destroy(socket: Socket): void {
    this.#sockets.delete(socket);
    socket.destroy();
  }
}
