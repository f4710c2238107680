import { closeSync } from 'node:fs';
import { type AddressInfo, createServer, Server, type Socket } from 'node:net';
import { describeCause } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { InheritedListener } from '../protocol/worker.ts';

/** Why nothing is to be accepted: by order, out of rotation, full, or nobody is there to serve it. */
export type Hold = 'paused' | 'parked' | 'full' | 'closed' | 'empty';

export interface AcceptorsOptions {
  listeners: readonly InheritedListener[];
  backlog: number;
  log: Log;
  onConnection(socket: Socket): void;
}

/** Ours even when the app has put something else in its place. */
const listen = Server.prototype.listen;

/** When a descriptor could not be had, the next try. */
const retryMs = 100;

/** Accepts on every inherited listener while there is no reason not to. */
export class Acceptors {
  lastAccept = 0;
  readonly #options: AcceptorsOptions;
  readonly #holds = new Set<Hold>();
  /** One for each listener; empty while held and after the end. */
  #servers: Server[] = [];
  /** Kept open while held, because closing a server closes its descriptor. */
  #spares: number[] = [];
  #addresses: ReturnType<Server['address']>[] = [];
  #duplicate: ((fd: number) => number) | null = null;
  #phase: 'waiting' | 'open' | 'flushing' | 'closed' = 'waiting';
  #retry: NodeJS.Timeout | null = null;
  #complained = false;

  constructor(options: AcceptorsOptions) {
    this.#options = options;
  }

  get accepting(): boolean {
    return this.#servers.length > 0;
  }

  /** Settles when whoever connects is accepted, or waits for a hold to end. */
  async open(): Promise<void> {
    if (this.#holds.size > 0) await this.#prepare();
    if (this.#phase !== 'waiting') return;
    this.#phase = 'open';
    const listening = this.#listenOn(this.#options.listeners.map(({ fd }) => fd));
    this.#addresses = this.#servers.map((server) => server.address());
    this.#settle(); // before the loop turns: not one connection is accepted against a hold
    await listening;
  }

  /** Of the first TCP listener, or the path of a Unix socket. */
  address(): AddressInfo | string | null {
    const tcp = this.#addresses.find((at) => typeof at === 'object');
    return tcp ?? this.#options.listeners[0]?.address.replace(/^unix:/, '') ?? null;
  }

  /** Of all TCP listeners. */
  ports(): number[] {
    return this.#addresses.flatMap((at) =>
      typeof at === 'object' && at !== null ? [at.port] : [],
    );
  }

  /** Leaves new connections to others, or to the kernel's queue, until this hold is released. */
  hold(reason: Hold): void {
    this.#holds.add(reason);
    this.#settle();
  }

  release(reason: Hold): void {
    if (this.#holds.delete(reason)) this.#settle();
  }

  /** Accepts whatever is held, because nobody else will, until `close`. */
  flush(): void {
    if (this.#phase === 'open') this.#phase = 'flushing';
    this.#settle();
  }

  /** For good. Whoever waits in the kernel's queue is not kept waiting for us. */
  close(): true {
    this.#phase = 'closed';
    if (this.#retry) clearTimeout(this.#retry);
    this.#closeServers();
    for (const fd of this.#spares.splice(0)) closeSync(fd);
    return true;
  }

  /** Loaded the first time only, so that from then on not one connection too many is accepted. */
  async #prepare(): Promise<void> {
    const { duplicateDescriptor } = await import('../sockets/duplicate.ts');
    this.#duplicate = duplicateDescriptor;
  }

  #settle(): void {
    const wanted = this.#phase === 'flushing' || (this.#phase === 'open' && this.#holds.size === 0);
    if (wanted && this.#spares.length > 0) void this.#listenOn(this.#spares.splice(0));
    if (!wanted && this.#phase === 'open' && this.accepting) this.#stopNow();
  }

  #stopNow(): void {
    if (this.#retry) return;
    try {
      if (this.#duplicate) this.#stop(this.#duplicate);
      else
        void this.#prepare().then(
          () => this.#settle(),
          (error) => this.#stopLater(error),
        );
    } catch (error) {
      this.#stopLater(error);
    }
  }

  #stop(duplicate: (fd: number) => number): void {
    const spares: number[] = [];
    try {
      for (const server of this.#servers) spares.push(duplicate(descriptorOf(server)));
    } catch (error) {
      for (const fd of spares) closeSync(fd);
      throw error;
    }
    this.#spares = spares;
    this.#complained = false;
    this.#closeServers();
  }

  /** Without a descriptor left, accepting what nobody should is better than never accepting again. */
  #stopLater(error: unknown): void {
    const message = `Cannot stop accepting: ${describeCause(error)}`;
    if (!this.#complained) this.#options.log({ level: 'error', message });
    this.#complained = true;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#settle();
    }, retryMs).unref();
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
        await new Promise<unknown>((resolve, reject) => {
          server.once('error', reject);
          server.once('close', resolve); // held again before the loop turned
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
