import type { Socket } from 'node:net';
import { encodeFrame, type FrameHeader } from '../protocol/frames.ts';
import { frameTypes, linkVersion } from '../protocol/link.ts';
import type { Caller, WorkerName } from './carrier.ts';
import { LinkConnection } from './link-connection.ts';
import { Stream, type StreamHost } from './stream.ts';
import { StreamTable } from './stream-table.ts';

export interface MainOptions {
  worker: WorkerName;
  interface: 'wsgi' | 'asgi';
  /** It wants nothing new (`true`), or takes part again. */
  onRest(resting: boolean): void;
  /** A stream has ended. */
  onFree(): void;
  onClose(broken: string | null): void;
}

/** More than this is written at once, not at the end of the turn. */
const mostGathered = 64 * 1024;

/** The first connection of a worker: what concerns all of it, and the streams of one with a loop. */
export class MainConnection implements StreamHost {
  readonly worker: WorkerName;
  readonly interface: 'wsgi' | 'asgi';
  readonly #options: MainOptions;
  readonly #connection: LinkConnection;
  readonly #streams = new StreamTable();
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;

  constructor(socket: Socket, options: MainOptions) {
    this.worker = options.worker;
    this.interface = options.interface;
    this.#options = options;
    this.#connection = new LinkConnection(socket, {
      onFrame: (header, payload) => this.#hear(header, payload),
      onClose: (broken) => this.#close(broken),
      onDrain: () => undefined, // streams wait for their credit
    });
  }

  /** Streams that have not ended. */
  get load(): number {
    return this.#streams.size;
  }

  *callers(): Generator<Caller> {
    for (const { caller } of this.#streams) if (caller) yield caller;
  }

  welcome(): void {
    this.#tell(frameTypes.welcome, linkVersion);
  }

  /** The worker rests, and nothing is under way. */
  tellIdle(): void {
    this.#tell(frameTypes.idle, 0);
  }

  open(caller: Caller): void {
    const stream = new Stream(this.#streams.reserve(), this, caller);
    this.#streams.add(stream);
    caller.begin(stream);
  }

  /** Frames of one turn are one write: many clients are heard in one turn when there is much to do. */
  send(bytes: Buffer): void {
    if (this.#gathered.length === 0) setImmediate(() => this.#flush());
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= mostGathered) this.#flush();
  }

  onEnd(stream: Stream): void {
    if (this.#streams.delete(stream)) this.#options.onFree();
  }

  breakOff(why: string): void {
    this.#connection.breakOff(why);
  }

  close(): void {
    this.#connection.close();
  }

  #tell(type: number, code: number): void {
    this.send(encodeFrame({ type, flags: 0, stream: 0, code }));
  }

  #flush(): void {
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const [first] = gathered;
    this.#connection.send(gathered.length === 1 && first ? first : Buffer.concat(gathered));
  }

  #hear(header: FrameHeader, payload: Buffer): void {
    if (header.stream === 0) return this.#hearWorker(header);
    const stream = this.#streams.get(header.stream);
    if (stream) return stream.hear(header, payload);
    // Its end and our last word about it have crossed.
    if (header.type === frameTypes.credit) return;
    this.breakOff(`a frame of type ${header.type} for no request`);
  }

  #hearWorker({ type, code }: FrameHeader): void {
    if (type !== frameTypes.rest) return this.breakOff(`a frame of type ${type} about itself`);
    this.#options.onRest(code === 1);
  }

  #close(broken: string | null): void {
    this.#options.onClose(broken);
    for (const stream of this.#streams.clear()) stream.lose();
  }
}
