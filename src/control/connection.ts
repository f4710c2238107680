import type { Socket } from 'node:net';
import { TsgunError } from '../core/errors.ts';
import type { Role } from '../protocol/control/method.ts';
import type { NotificationName, Notifications } from '../protocol/control/notifications.ts';
import { isGone, type Peer } from '../sockets/peer-credentials.ts';
import { renderRefusal } from './error-response.ts';
import type { Limits } from './limits.ts';
import { LineBuffer } from './line-buffer.ts';

export interface ConnectionListeners {
  line(line: string, connection: Connection): void;
  /** It has read all that was queued for it. */
  drained(connection: Connection): void;
  closed(connection: Connection): void;
  /** Gets a last line, and is let go of soon. */
  dismiss(socket: Socket, line: string): void;
}

export interface Caller {
  peer: Peer;
  role: Role;
}

/** One caller's socket: lines in, lines out, and nothing that grows because a caller does not read. */
export class Connection {
  readonly peer: Peer;
  readonly role: Role;
  /** What the caller calls itself. */
  client: string | null = null;
  /** Topics it has subscribed to. */
  subscriptions = 0;
  readonly #socket: Socket;
  readonly #limits: Limits;
  readonly #listeners: ConnectionListeners;
  readonly #lines: LineBuffer;
  #inFlight = 0;
  #hasEnded = false;

  constructor(
    socket: Socket,
    { peer, role }: Caller,
    limits: Limits,
    listeners: ConnectionListeners,
  ) {
    this.peer = peer;
    this.role = role;
    this.#socket = socket;
    this.#limits = limits;
    this.#listeners = listeners;
    this.#lines = new LineBuffer(limits.lineBytes);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#end());
    socket.on('drain', () => this.#drain());
    socket.on('error', () => socket.destroy()); // it has gone; `close` follows
    socket.on('close', () => listeners.closed(this));
  }

  /** Still gets answers. */
  get isOpen(): boolean {
    return this.#socket.writable;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Nobody misses it at once. */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.subscriptions === 0;
  }

  /** So much waits that nothing more may be begun for it. */
  get isFull(): boolean {
    return this.#socket.writableLength >= this.#limits.queueBytes;
  }

  /** Begins to read. */
  start(): void {
    this.#socket.resume();
  }

  /** Whole lines. */
  send(lines: string | Buffer): void {
    if (this.isOpen) this.#socket.write(lines);
  }

  notify<N extends NotificationName>(method: N, params: Notifications[N]): void {
    this.send(`${JSON.stringify({ jsonrpc: '2.0', method, params })}\n`);
  }

  begin(): void {
    this.#inFlight += 1;
  }

  done(requests: number): void {
    this.#inFlight -= requests;
    this.#finishAfterEnd();
  }

  /** Says why, and takes nothing more. */
  cut(why: TsgunError): void {
    this.#listeners.dismiss(this.#socket, renderRefusal(why));
  }

  /** Is gone when everything is written, or the time is over. */
  async finish(): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.pause();
      this.#socket.destroySoon();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (!this.isOpen) return;
    this.#lines.push(chunk);
    this.#takeLines();
  }

  /** Line by line, because each may be answered with much more than it is long. */
  #takeLines(): void {
    if (!this.isOpen) return;
    try {
      while (this.isOpen && !this.isFull) {
        const line = this.#lines.next();
        if (line === null) break;
        if (line.trim() !== '') this.#listeners.line(line, this);
      }
    } catch (error) {
      if (!(error instanceof TsgunError)) throw error;
      return this.cut(error);
    }
    if (this.isFull) this.#socket.pause();
    else this.#socket.resume();
  }

  #drain(): void {
    this.#takeLines();
    this.#listeners.drained(this);
    this.#finishAfterEnd();
  }

  /** Who only stops sending, as socat does, still gets its answers. */
  #end(): void {
    if (isGone(this.#socket)) return this.destroy();
    this.#hasEnded = true;
    this.#finishAfterEnd();
  }

  #finishAfterEnd(): void {
    if (!this.#hasEnded) return;
    this.#takeLines(); // the end comes even while lines wait to be taken
    if (!this.isOpen || this.isFull) return;
    const last = this.#lines.rest();
    if (last.trim() !== '') this.#listeners.line(last, this);
    if (this.#inFlight === 0) this.#socket.destroySoon();
  }
}
