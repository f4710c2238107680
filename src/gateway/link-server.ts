import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import { FrameReader } from '../protocol/frames.ts';
import type { Hello } from '../protocol/link.ts';
import { frameTypes } from '../protocol/link.ts';
import { parseHello } from './hello.ts';

export interface LinkServerOptions {
  fd: number;
  token: string;
  log: Log;
  onHello(hello: Hello, socket: Socket): void;
}

/** Whoever connects has this long to say who it is, and only so many may be about to. */
const helloMs = 5000;
const mostStrangers = 256;
const longestHello = 4096;

/** Where workers dial in. Anybody on the machine can knock, so nobody is believed without the token. */
export class LinkServer {
  readonly #options: LinkServerOptions;
  readonly #server: Server;
  readonly #strangers = new Set<Socket>();

  constructor(options: LinkServerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: false }, (socket) => this.#meet(socket));
    this.#server.listen({ fd: options.fd, backlog: 4096 });
  }

  #meet(socket: Socket): void {
    if (this.#strangers.size >= mostStrangers) [...this.#strangers][0]?.destroy();
    this.#strangers.add(socket);
    const timer = setTimeout(() => socket.destroy(), helloMs).unref();
    const reader = new FrameReader((header, payload) => {
      this.#forget(socket, timer);
      const hello = header.type === frameTypes.hello ? parseHello(payload) : null;
      if (!hello || !this.#knows(hello.token)) return this.#turnAway(socket, hello);
      this.#options.onHello(hello, socket);
    });
    let seen = 0;
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > longestHello) return void socket.destroy();
      try {
        reader.push(chunk);
      } catch (error) {
        this.#options.log({
          level: 'warning',
          message: `A stranger on the link: ${messageOf(error)}`,
        });
        socket.destroy();
      }
    });
    socket.on('error', () => undefined); // `close` follows
    socket.once('close', () => this.#forget(socket, timer));
  }

  /** It is a stranger no longer, and somebody else reads it. */
  #forget(socket: Socket, timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#strangers.delete(socket);
    socket.removeAllListeners('data');
  }

  #turnAway(socket: Socket, hello: Hello | null): void {
    const who = hello ? `worker ${hello.slot} with a wrong token` : 'no worker of ours';
    this.#options.log({ level: 'warning', message: `The link was dialled by ${who}` });
    socket.destroy();
  }

  #knows(token: string): boolean {
    const ours = Buffer.from(this.#options.token);
    const theirs = Buffer.from(token);
    return ours.length === theirs.length && timingSafeEqual(ours, theirs);
  }
}
