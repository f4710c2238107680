import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Dialled } from '../process/forked-child.ts';
import { type Dial, type DialPurpose, parseDial } from '../protocol/nursery.ts';
import type { LinkAddress } from '../protocol/python.ts';
import { readPeer } from '../sockets/peer-credentials.ts';

/** Who has said nothing by then is none of ours. */
const helloMs = 5000;
const longestHello = 1024;
const nothing = Buffer.alloc(0);

const needed: readonly DialPurpose[] = ['stack', 'channel'];
const captured: readonly DialPurpose[] = ['stdout', 'stderr', ...needed];

type Sockets = Map<DialPurpose, Socket>;

/** Where forked workers dial for all that a spawned one inherits: an abstract socket, unix(7). */
export class NurseryDoor {
  readonly address: LinkAddress = {
    name: `tsgun-${randomBytes(16).toString('hex')}`,
    token: randomBytes(16).toString('hex'),
  };
  readonly #needed: readonly DialPurpose[];
  readonly #server: Server;
  readonly #arrivals = new Map<number, Sockets>();
  readonly #onArrival: (child: number, parts: Dialled) => void;

  constructor(capture: boolean, onArrival: (child: number, parts: Dialled) => void) {
    this.#needed = capture ? captured : needed;
    this.#onArrival = onArrival;
    this.#server = createServer((socket) => this.#greet(socket));
    this.#server.listen({ path: `\0${this.address.name}` });
    this.#server.unref();
  }

  close(): void {
    this.#server.close();
    for (const sockets of this.#arrivals.values()) {
      for (const socket of sockets.values()) socket.destroy();
    }
  }

  #greet(socket: Socket): void {
    let said = Buffer.alloc(0);
    const timer = setTimeout(() => socket.destroy(), helloMs);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => clearTimeout(timer));
    // Not by `data`, after which a socket would flow, or be paused, for whoever gets it.
    const listen = () => {
      said = Buffer.concat([said, socket.read() ?? nothing]);
      const end = said.indexOf(0x0a);
      if (end < 0 && said.length <= longestHello) return;
      clearTimeout(timer);
      socket.off('readable', listen);
      const dial = parseDial(said.toString('utf8', 0, end));
      if (dial?.token !== this.address.token) return void socket.destroy();
      if (end + 1 < said.length) socket.unshift(said.subarray(end + 1));
      this.#arrive(dial, socket);
    };
    socket.on('readable', listen);
  }

  #arrive({ child, purpose }: Dial, socket: Socket): void {
    const sockets = this.#arrivals.get(child) ?? new Map<DialPurpose, Socket>();
    sockets.set(purpose, socket);
    this.#arrivals.set(child, sockets);
    socket.once('close', () => this.#arrivals.delete(child));
    if (!this.#needed.every((one) => sockets.has(one))) return;
    this.#arrivals.delete(child);
    const [channel, stack] = [sockets.get('channel'), sockets.get('stack')];
    const pid = channel && readPeer(channel)?.pid;
    if (!channel || !stack || pid === undefined) return; // it has died at once
    const [stdout, stderr] = [sockets.get('stdout') ?? null, sockets.get('stderr') ?? null];
    this.#onArrival(child, { pid, channel, stack, stdout, stderr });
  }
}
