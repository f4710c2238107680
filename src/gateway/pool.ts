import type { Socket } from 'node:net';
import type { Hello } from '../protocol/link.ts';
import type { Caller } from './carrier.ts';
import type { Dispatcher } from './dispatcher.ts';
import { PoolWorker } from './pool-worker.ts';

export interface PoolOptions {
  dispatcher: Dispatcher;
  onFirst(): void;
  onRest(worker: PoolWorker): void;
  onBroken(worker: PoolWorker, why: string): void;
  /** It has left with these under way. */
  onLost(worker: PoolWorker, requests: string[]): void;
}

const mostTold = 100;

const describeCaller = ({ method, path, ageMs }: Caller): string =>
  `${method} ${path} for ${Math.round(ageMs)} ms`;

/** The workers that have dialled in, by the arbiter's number for them. */
export class Pool {
  /** Of the youngest generation's apps. */
  interface: 'wsgi' | 'asgi' = 'wsgi';
  readonly #options: PoolOptions;
  readonly #workers = new Map<number, PoolWorker>();
  #generation = -1;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  welcome(hello: Hello, socket: Socket): void {
    const known = this.#workers.get(hello.child);
    if (hello.connection === 'main') return this.#add(hello, socket);
    // A lane whose main connection is lost dials in again after it.
    if (known) known.addLane(socket);
    else socket.destroy();
  }

  #add(hello: Hello, socket: Socket): void {
    this.#workers.get(hello.child)?.close();
    const { dispatcher, onBroken, onFirst, onLost, onRest } = this.#options;
    const worker = new PoolWorker(socket, {
      hello,
      onFree: () => dispatcher.serve(),
      onRest,
      onBroken,
      onLost: (loser, callers) => onLost(loser, callers.slice(0, mostTold).map(describeCaller)),
      onGone: (gone) => {
        dispatcher.remove(gone);
        if (this.#workers.get(hello.child) === gone) this.#workers.delete(hello.child);
      },
    });
    this.#workers.set(hello.child, worker);
    dispatcher.add(worker);
    if (hello.generation >= this.#generation) {
      this.#generation = hello.generation;
      this.interface = hello.interface;
    }
    onFirst();
    dispatcher.serve();
  }
}
