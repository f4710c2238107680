import type { Socket } from 'node:net';

/** What is known about one client's connection. */
export class Connection {
  readonly socket: Socket;
  /** Requests begun and not over. */
  active = 0;
  /** Taken over by the app (WebSocket, CONNECT): it ends when the app ends it. */
  upgraded = false;
  /** Monotonic milliseconds since when nothing is under way. */
  idleSince: number;
  #bytesWhenIdle: number;

  constructor(socket: Socket, now: number) {
    this.socket = socket;
    this.idleSince = now;
    this.#bytesWhenIdle = socket.bytesRead; // of a TLS handshake
  }

  becomeIdle(now: number): void {
    this.idleSince = now;
    this.#bytesWhenIdle = this.socket.bytesRead;
  }

  /** Nothing is under way, not even the first bytes of a request. */
  get idle(): boolean {
    return this.active === 0 && !this.upgraded && this.socket.bytesRead === this.#bytesWhenIdle;
  }
}
