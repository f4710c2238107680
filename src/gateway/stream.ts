import { encodeFrame, type FrameHeader } from '../protocol/frames.ts';
import { frameTypes, initialCredit } from '../protocol/link.ts';
import type { Caller, Carrier, WorkerName } from './carrier.ts';
import { endsStream } from './ends-stream.ts';
import { encodeRequest, type RequestFrame } from './request-frame.ts';

/** What a stream needs of the connection that carries it. */
export interface StreamHost {
  readonly worker: WorkerName;
  readonly interface: 'wsgi' | 'asgi';
  send(bytes: Buffer): void;
  breakOff(why: string): void;
  /** The worker has done with it. */
  onEnd(stream: Stream): void;
}

/** The worker is told of room when so much of it has come together. */
const creditStep = initialCredit / 2;

/** One request among others on the connection of a worker with a loop. */
export class Stream implements Carrier {
  readonly id: number;
  readonly obeysCancel = true;
  readonly #host: StreamHost;
  /** Null when nobody waits any more, and only its end is waited for. */
  #caller: Caller | null;
  #room = initialCredit;
  /** What the worker may still send. */
  #credit = initialCredit;
  #passed = 0;

  constructor(id: number, host: StreamHost, caller: Caller) {
    this.id = id;
    this.#host = host;
    this.#caller = caller;
  }

  get worker(): WorkerName {
    return this.#host.worker;
  }

  get interface(): 'wsgi' | 'asgi' {
    return this.#host.interface;
  }

  get caller(): Caller | null {
    return this.#caller;
  }

  get room(): number {
    return this.#room;
  }

  sendRequest(request: Omit<RequestFrame, 'stream'>): void {
    this.#room -= request.body?.length ?? 0;
    this.#host.send(encodeRequest({ ...request, stream: this.id }));
  }

  send(header: Omit<FrameHeader, 'stream'>, payload?: Uint8Array): void {
    this.#room -= bodyBytes(header, payload?.length ?? 0);
    this.#host.send(encodeFrame({ ...header, stream: this.id }, payload));
  }

  passed(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed < creditStep) return;
    this.#credit += this.#passed;
    this.send({ type: frameTypes.credit, flags: 0, code: this.#passed });
    this.#passed = 0;
  }

  hold(): void {
    // Without credit it holds by itself.
  }

  takeFile(): void {
    this.send({ type: frameTypes.fileTaken, flags: 0, code: 1 });
    this.#end();
  }

  cancel(code: 1 | 2): void {
    this.#caller = null;
    this.send({ type: frameTypes.cancel, flags: 0, code });
  }

  breakOff(why: string): void {
    this.#host.breakOff(why);
  }

  /** The connection is gone. */
  lose(): void {
    const caller = this.#caller;
    this.#caller = null;
    caller?.lose();
  }

  hear(header: FrameHeader, payload: Buffer): void {
    const caller = this.#caller;
    if (header.type === frameTypes.credit) return this.#hearCredit(header.code);
    this.#credit -= bodyBytes(header, payload.length);
    if (this.#credit < 0) return this.breakOff('more of an answer than it had credit for');
    if (header.type === frameTypes.reject) caller?.requeue();
    else caller?.hear(header, payload);
    if (endsStream(header)) this.#end();
    else if (!caller) this.passed(bodyBytes(header, payload.length));
  }

  #hearCredit(bytes: number): void {
    this.#room += bytes;
    this.#caller?.onRoom();
  }

  #end(): void {
    this.#caller = null;
    this.#host.onEnd(this);
  }
}

const withBody: ReadonlySet<number> = new Set([
  frameTypes.body,
  frameTypes.data,
  frameTypes.wsMessage,
]);

const withHead: ReadonlySet<number> = new Set([frameTypes.request, frameTypes.response]);

/** Of a frame: what counts against credit. */
export function bodyBytes({ type, code }: Pick<FrameHeader, 'type' | 'code'>, length: number) {
  if (withBody.has(type)) return length;
  return withHead.has(type) ? Math.max(0, length - code) : 0;
}
