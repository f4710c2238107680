import type { FrameHeader } from '../protocol/frames.ts';
import type { RequestFrame } from './request-frame.ts';

/** The way of one request to its worker, and of the answer back: a lane, or a stream. */
export interface Carrier {
  readonly worker: WorkerName;
  /** The interface that the worker's app has. */
  readonly interface: 'wsgi' | 'asgi';
  /** The worker ends a request that is cancelled, and goes on with the others. */
  readonly obeysCancel: boolean;
  /** Bytes of body that may be sent now. */
  readonly room: number;
  /** The first frame: all of the body that is there, at most `room`. */
  sendRequest(request: Omit<RequestFrame, 'stream'>): void;
  send(header: Omit<FrameHeader, 'stream'>, payload?: Uint8Array): void;
  /** Bytes of the answer are out of our hands, so that the worker may send as many more. */
  passed(bytes: number): void;
  /** The worker has to wait (`true`), or may go on. */
  hold(held: boolean): void;
  /** The file that it named is sent by us: the worker has done its part. */
  takeFile(): void;
  /** Nobody waits for the answer any more: code 1 the client has left, 2 it is out of time. */
  cancel(code: 1 | 2): void;
  /** What the worker says makes no sense: all that it serves ends with it. */
  breakOff(why: string): void;
}

export interface WorkerName {
  child: number;
  slot: number;
  pid: number;
  generation: number;
}

/** Whoever waits at this end: a request, or a WebSocket. */
export interface Caller {
  /** Called once, when a worker has room. */
  begin(carrier: Carrier): void;
  /** A frame for it; `payload` is good only during the call. */
  hear(header: FrameHeader, payload: Buffer): void;
  /** More of the body can be sent. */
  onRoom(): void;
  /** The worker has died, or its connection. */
  lose(): void;
  /** The worker has not begun: it waits again. */
  requeue(): void;
  /** For reports, in words. */
  readonly method: string;
  readonly path: string;
  readonly client: string | null;
  readonly ageMs: number;
}
