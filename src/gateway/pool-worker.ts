import type { Socket } from 'node:net';
import { type Hello, linkVersion } from '../protocol/link.ts';
import type { Caller, WorkerName } from './carrier.ts';
import { Lane } from './lane.ts';
import { MainConnection } from './main-connection.ts';
import { mostStreams } from './stream-table.ts';

export interface PoolWorkerOptions {
  hello: Hello;
  /** It can take a request. */
  onFree(worker: PoolWorker): void;
  /** It rests, or takes part again. */
  onRest(worker: PoolWorker): void;
  /** Its main connection is gone, and with it everything that it could do. */
  onGone(worker: PoolWorker): void;
  /** It has left without answers for them. */
  onLost(worker: PoolWorker, callers: Caller[]): void;
  /** It does not keep to the protocol. */
  onBroken(worker: PoolWorker, why: string): void;
}

/** A worker as its gateway sees it: how much it can take, and how much it has. */
export class PoolWorker implements WorkerName {
  readonly child: number;
  readonly slot: number;
  readonly pid: number;
  readonly generation: number;
  readonly interface: 'wsgi' | 'asgi';
  readonly #options: PoolWorkerOptions;
  readonly #capacity: number;
  readonly #main: MainConnection;
  readonly #lanes = new Set<Lane>();
  readonly #freeLanes: Lane[] = [];
  #resting = false;
  /** It has been told that nothing is under way. */
  #toldIdle = false;
  #gone = false;

  constructor(socket: Socket, options: PoolWorkerOptions) {
    const { hello } = options;
    this.child = hello.child;
    this.slot = hello.slot;
    this.pid = hello.pid;
    this.generation = hello.generation;
    this.interface = hello.interface;
    this.#capacity = Math.min(hello.capacity, mostStreams);
    this.#options = options;
    this.#main = new MainConnection(socket, {
      worker: this,
      interface: hello.interface,
      onRest: (resting) => this.#rest(resting),
      onFree: () => this.#free(),
      onClose: (broken) => this.#close(broken),
    });
    this.#main.welcome();
  }

  get resting(): boolean {
    return this.#resting;
  }

  /** Requests that it has. */
  get load(): number {
    return this.#capacity > 0 ? this.#main.load : this.#lanes.size - this.#freeLanes.length;
  }

  /** Requests that it could still take. */
  get room(): number {
    if (this.#resting || this.#gone) return 0;
    return this.#capacity > 0 ? this.#capacity - this.#main.load : this.#freeLanes.length;
  }

  *callers(): Generator<Caller> {
    yield* this.#main.callers();
    for (const { caller } of this.#lanes) if (caller) yield caller;
  }

  /** Only with `room`. */
  take(caller: Caller): void {
    this.#toldIdle = false;
    const lane = this.#freeLanes.pop();
    if (lane) lane.open(caller);
    else this.#main.open(caller);
  }

  addLane(socket: Socket): void {
    const lane = new Lane(socket, {
      worker: this,
      interface: this.interface,
      onFree: (free) => {
        this.#freeLanes.push(free);
        this.#free();
      },
      onClose: (...loss) => this.#loseLane(...loss),
    });
    this.#lanes.add(lane);
    lane.welcome(linkVersion);
    this.#freeLanes.push(lane);
    this.#free();
  }

  close(): void {
    this.#main.close();
  }

  #rest(resting: boolean): void {
    this.#resting = resting;
    this.#toldIdle = false;
    this.#options.onRest(this);
    this.#free();
  }

  #free(): void {
    if (this.room > 0) this.#options.onFree(this);
    if (!this.#resting || this.#toldIdle || this.load > 0) return;
    this.#toldIdle = true;
    this.#main.tellIdle();
  }

  #loseLane(lane: Lane, caller: Caller | null, broken: string | null): void {
    if (caller) this.#options.onLost(this, [caller]);
    this.#lanes.delete(lane);
    const at = this.#freeLanes.indexOf(lane);
    if (at >= 0) this.#freeLanes.splice(at, 1);
    if (broken !== null) this.#options.onBroken(this, broken);
    if (!this.#gone) this.#free();
  }

  #close(broken: string | null): void {
    if (this.#gone) return;
    this.#gone = true;
    const lost = [...this.#main.callers()];
    if (lost.length > 0) this.#options.onLost(this, lost);
    this.#options.onGone(this);
    if (broken !== null) this.#options.onBroken(this, broken);
    for (const lane of [...this.#lanes]) lane.close();
  }
}
