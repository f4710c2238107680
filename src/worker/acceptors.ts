import { type AddressInfo, createServer, Server, type Socket } from 'node:net';
import type { InheritedListener } from '../protocol/worker.ts';

export interface AcceptorsOptions {
  listeners: readonly InheritedListener[];
  backlog: number;
  onConnection(socket: Socket): void;
}

/** Ours even when the app has put something else in its place. */
const listen = Server.prototype.listen;

/** Accepts on every inherited listener, and can stop and go on. */
export class Acceptors {
  lastAccept = 0;
  readonly #options: AcceptorsOptions;
  /** One for each listener; empty while paused and after the end. */
  #servers: Server[] = [];
  /** Kept open while paused, because closing a server closes its descriptor. */
  #spares: number[] = [];
  #duplicate: ((fd: number) => number) | null = null;
  #phase: 'open' | 'paused' | 'closed' = 'paused';

  constructor(options: AcceptorsOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#phase = 'open';
    await this.#listenOn(this.#options.listeners.map(({ fd }) => fd));
  }

  /** Of the first TCP listener, or the path of a Unix socket. */
  address(): AddressInfo | string | null {
    const tcp = this.#servers
      .map((server) => server.address())
      .find((at) => typeof at === 'object');
    return tcp ?? this.#options.listeners[0]?.address.replace(/^unix:/, '') ?? null;
  }

  /** Of all TCP listeners. */
  ports(): number[] {
    return this.#servers.flatMap((server) => {
      const address = server.address();
      return typeof address === 'object' && address !== null ? [address.port] : [];
    });
  }

  /** Leaves new connections to others, or to the kernel's queue. */
  async pause(): Promise<void> {
    if (this.#phase !== 'open') return;
    this.#phase = 'paused';
    // Awaited the first time only, so that from then on not one connection too many is accepted.
    const duplicate =
      this.#duplicate ?? (await import('../sockets/duplicate.ts')).duplicateDescriptor;
    this.#duplicate = duplicate;
    if (this.#phase !== 'paused') return;
    this.#spares = this.#servers.map((server) => duplicate(descriptorOf(server)));
    this.#closeServers();
  }

  async resume(): Promise<void> {
    if (this.#phase !== 'paused') return;
    this.#phase = 'open';
    if (this.#spares.length === 0) return; // it was not closed yet
    await this.#listenOn(this.#spares.splice(0));
  }

  close(): void {
    this.#phase = 'closed';
    this.#closeServers();
  }

  #closeServers(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  async #listenOn(descriptors: readonly number[]): Promise<void> {
    const { backlog, onConnection } = this.#options;
    await Promise.all(
      descriptors.map(async (fd) => {
        // As node:http makes its own: a client may half-close, and answers are sent at once.
        const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
          this.lastAccept = performance.now();
          onConnection(socket);
        });
        this.#servers.push(server);
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          Reflect.apply(listen, server, [{ fd, backlog }, resolve]);
        });
      }),
    );
  }
}

/** Node tells the descriptor of a listening server only through its handle. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle');
  return Number(typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : -1);
}
