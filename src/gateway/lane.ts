import type { Socket } from 'node:net';
import { encodeFrame, type FrameHeader } from '../protocol/frames.ts';
import { frameTypes } from '../protocol/link.ts';
import type { Caller, Carrier, WorkerName } from './carrier.ts';
import { endsStream } from './ends-stream.ts';
import { LinkConnection } from './link-connection.ts';
import { encodeRequest, type RequestFrame } from './request-frame.ts';

export interface LaneOptions {
  worker: WorkerName;
  interface: 'wsgi' | 'asgi';
  /** It can take a request; also when it never carried one. */
  onFree(lane: Lane): void;
  /** `caller` is who waited for an answer. */
  onClose(lane: Lane, caller: Caller | null, broken: string | null): void;
}

/** A socket takes what it can; more than this is not left waiting in our memory. */
const mostWaiting = 256 * 1024;

/** The connection of one thread of a worker, which carries one request at a time. */
export class Lane implements Carrier {
  readonly worker: WorkerName;
  readonly interface: 'wsgi' | 'asgi';
  readonly obeysCancel = false;
  readonly #options: LaneOptions;
  readonly #connection: LinkConnection;
  #caller: Caller | null = null;
  #stream = 0;
  #waits = false;

  constructor(socket: Socket, options: LaneOptions) {
    this.worker = options.worker;
    this.interface = options.interface;
    this.#options = options;
    this.#connection = new LinkConnection(socket, {
      onFrame: (header, payload) => this.#hear(header, payload),
      onClose: (broken) => this.#close(broken),
      onDrain: () => this.#drained(),
    });
  }

  get caller(): Caller | null {
    return this.#caller;
  }

  get room(): number {
    return this.#waits ? 0 : mostWaiting;
  }

  open(caller: Caller): void {
    this.#caller = caller;
    this.#stream = (this.#stream + 1) >>> 0;
    caller.begin(this);
  }

  /** The first frame of a worker that is welcome. */
  welcome(code: number): void {
    this.#connection.send(encodeFrame({ type: frameTypes.welcome, flags: 0, stream: 0, code }));
  }

  sendRequest(request: Omit<RequestFrame, 'stream'>): void {
    this.#send(encodeRequest({ ...request, stream: this.#stream }));
  }

  send(header: Omit<FrameHeader, 'stream'>, payload?: Uint8Array): void {
    this.#send(encodeFrame({ ...header, stream: this.#stream }, payload));
  }

  passed(): void {
    // The socket itself keeps the count.
  }

  hold(held: boolean): void {
    if (held) this.#connection.pause();
    else this.#connection.resume();
  }

  takeFile(): void {
    this.send({ type: frameTypes.fileTaken, flags: 0, code: 1 });
    this.#free();
  }

  /** The thread cannot be spoken to while the app has it, but its next write fails. */
  cancel(): void {
    this.#caller = null;
    this.#connection.close();
  }

  breakOff(why: string): void {
    this.#connection.breakOff(why);
  }

  close(): void {
    this.#connection.close();
  }

  #send(bytes: Buffer): void {
    if (!this.#connection.send(bytes)) this.#waits = true;
  }

  #hear(header: FrameHeader, payload: Buffer): void {
    const caller = this.#caller;
    if (!caller || header.stream !== this.#stream)
      return this.breakOff(`a frame of type ${header.type} for no request`);
    if (header.type === frameTypes.reject) return this.#reject(caller);
    caller.hear(header, payload);
    if (this.#caller === caller && endsStream(header)) this.#free();
  }

  #reject(caller: Caller): void {
    caller.requeue();
    if (this.#caller === caller) this.#free(); // else it was too late to give it back
  }

  #free(): void {
    this.#caller = null;
    this.#connection.resume();
    this.#options.onFree(this);
  }

  #drained(): void {
    this.#waits = false;
    this.#caller?.onRoom();
  }

  #close(broken: string | null): void {
    const caller = this.#caller;
    this.#caller = null;
    this.#options.onClose(this, caller, broken);
    caller?.lose();
  }
}
