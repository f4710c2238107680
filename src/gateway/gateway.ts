import type { Server as HttpServer } from 'node:http';
import type { Log } from '../core/logger.ts';
import { Traffic } from '../http/traffic.ts';
import type { AccessLog } from '../log/access-log.ts';
import { describeInFlight } from '../metrics/in-flight.ts';
import type { FromGateway, GatewayStart } from '../protocol/gateway.ts';
import type { ToWorker } from '../protocol/worker.ts';
import { Acceptors } from '../runtime/acceptors.ts';
import type { Channel } from '../runtime/channel.ts';
import { startHeartbeat } from '../runtime/heartbeat.ts';
import { setTitle } from '../runtime/proc-title.ts';
import { Rotation, type RotationPhase } from '../runtime/rotation.ts';
import { Dispatcher } from './dispatcher.ts';
import { type Endless, Farewells } from './farewells.ts';
import { ForwardedPolicy } from './forwarded.ts';
import { createFront } from './front.ts';
import { LinkServer } from './link-server.ts';
import { Deadlines } from './overdue.ts';
import { Pool } from './pool.ts';
import type { PoolWorker } from './pool-worker.ts';
import { reportRequests } from './report.ts';
import type { Statics } from './statics.ts';

export interface GatewayExtras {
  access: AccessLog | null;
  statics: Statics | null;
  log: Log;
}

type DrainOrder = Extract<ToWorker, { type: 'drain' }>;

/** One gateway: clients on one side, workers on the other, and its line to the arbiter. */
export class Gateway {
  readonly #order: GatewayStart;
  readonly #channel: Channel;
  readonly #extras: GatewayExtras;
  readonly #dispatcher: Dispatcher;
  readonly #farewells: Farewells;
  readonly #deadlines: Deadlines;
  readonly #pool: Pool;
  readonly #traffic: Traffic;
  readonly #server: HttpServer;
  readonly #acceptors: Acceptors;
  readonly #rotation: Rotation;
  readonly #beat: () => void;
  #phase: 'waiting' | 'serving' | 'leaving' = 'waiting';

  constructor(order: GatewayStart, channel: Channel, extras: GatewayExtras) {
    this.#order = order;
    this.#channel = channel;
    this.#extras = extras;
    this.#dispatcher = new Dispatcher({ ...order.queue, now: () => performance.now() });
    this.#farewells = new Farewells(order.drainLongMs);
    this.#deadlines = new Deadlines(order.requestTimeoutMs, ({ method, path, ageMs }, child) =>
      this.#tell({ type: 'overdue', child, method, path, ageMs: Math.round(ageMs) }),
    );
    this.#pool = this.#createPool();
    this.#traffic = this.#createTraffic();
    this.#server = this.#createServer();
    this.#acceptors = this.#createAcceptors();
    this.#rotation = new Rotation({
      traffic: this.#traffic,
      acceptors: this.#acceptors,
      keepaliveMs: () => order.keepaliveMs,
      onPhase: (phase) => this.#tellPhase(phase),
    });
    this.#beat = this.#startHeartbeat();
  }

  /** Workers can dial in from now on; clients are let in when the first one has. */
  async start(): Promise<void> {
    const { link } = this.#order;
    new LinkServer({
      ...link,
      log: this.#extras.log,
      onHello: (hello, socket) => this.#pool.welcome(hello, socket),
    });
    await this.#acceptors.open();
    this.#server.emit('listening'); // so that Node looks after its time-outs
    this.#phase = 'serving';
    setTitle(`gateway ${this.#order.slot}`, this.#order.procName, 'ready');
    this.#channel.send({ type: 'ready', kind: 'gateway' });
  }

  obey(message: ToWorker): void {
    switch (message.type) {
      case 'drain':
        return void this.#drain(message);
      case 'quit':
        return void this.#leave();
      case 'reopen-logs':
        return this.#extras.access?.reopen();
      case 'park':
        this.#farewells.start(null);
        return void this.#rotation.park(message);
      case 'unpark':
        return this.#rotation.unpark();
      case 'pause':
        return this.#acceptors.hold('paused');
      case 'unpause':
        return this.#acceptors.release('paused');
      case 'report':
        return this.#channel.send({
          type: 'requests',
          id: message.id,
          requests: reportRequests(this.#dispatcher),
        });
      case 'close-inspector':
        return process.getBuiltinModule('node:inspector').close();
      default: // `start` was the first one
    }
  }

  /** For the arbiter, which asks through the inspector when this loop is blocked. */
  describeInFlight(): string[] {
    return reportRequests(this.#dispatcher).map(describeInFlight);
  }

  sayLastWords(): void {
    this.#extras.access?.flushSync();
  }

  #createPool(): Pool {
    return new Pool({
      dispatcher: this.#dispatcher,
      onFirst: () => this.#acceptors.release('empty'),
      onRest: (worker) => {
        if (worker.resting) this.#farewells.start(worker.child);
        else this.#farewells.revoke(worker.child);
      },
      onBroken: (worker, why) => this.#drop(worker, why),
      onLost: (worker, requests) => this.#tell({ type: 'lost', child: worker.child, requests }),
    });
  }

  #createServer(): HttpServer {
    const { buffers, forwarded, keepaliveMs, mostMessageBytes } = this.#order;
    const dispatcher = this.#dispatcher;
    const server = createFront({
      context: {
        dispatcher,
        buffers,
        log: this.#extras.log,
        interface: () => this.#pool.interface,
        onBegin: (call) => this.#deadlines.add(call),
        onEnd: (call) => this.#deadlines.delete(call),
        onEndless: (call) => this.#welcomeEndless(call),
        onGone: (call) => this.#farewells.delete(call),
      },
      policy: new ForwardedPolicy(forwarded),
      statics: this.#extras.statics,
      mostMessageBytes,
    });
    Object.assign(server, { keepAliveTimeout: keepaliveMs, requestTimeout: 0 }); // see request-body
    this.#traffic.instrument(server);
    return server;
  }

  /** Whoever comes while everybody leaves does not stay either. */
  #welcomeEndless(call: Endless): void {
    this.#farewells.add(call);
    if (this.#rotation.phase !== 'serving') this.#farewells.start(null);
  }

  #createAcceptors(): Acceptors {
    const { listeners, backlog, paused } = this.#order;
    const acceptors = new Acceptors({
      listeners,
      backlog,
      log: this.#extras.log,
      onConnection: (socket) => this.#server.emit('connection', socket),
    });
    if (paused) acceptors.hold('paused');
    acceptors.hold('empty');
    return acceptors;
  }

  #createTraffic(): Traffic {
    const { slot, keepaliveMs, limits, mostConnections } = this.#order;
    const { access } = this.#extras;
    return new Traffic({
      slot,
      keepaliveMs,
      limits,
      record: access ? (record) => access.write(record) : null,
      preRequest: null,
      postRequest: null,
      onRequest: () => undefined,
      onConnections: (count) => {
        if (count >= mostConnections) this.#acceptors.hold('full');
        else this.#acceptors.release('full');
      },
    });
  }

  #startHeartbeat(): () => void {
    return startHeartbeat({
      intervalMs: this.#order.beatIntervalMs,
      vitals: () => ({
        inFlight: this.#traffic.inFlight,
        requests: this.#traffic.requests,
        connections: this.#traffic.connections.size,
        latencies: this.#traffic.latencies.take(),
        queued: this.#dispatcher.queued,
        refused: this.#dispatcher.refused,
        longLived: this.#farewells.size,
        leaving: this.#farewells.leaving,
      }),
      send: (message) => this.#channel.send(message),
    });
  }

  #drop(worker: PoolWorker, why: string): void {
    const message = `Worker ${worker.slot} (pid:${worker.pid}) broke the protocol of the link: ${why}`;
    this.#extras.log({ level: 'error', message });
    this.#tell({ type: 'broken', child: worker.child, why });
    worker.close();
  }

  async #drain(order: DrainOrder): Promise<void> {
    if (this.#phase === 'leaving') return;
    this.#farewells.start(null);
    await this.#rotation.leave(order);
    await this.#leave();
  }

  async #leave(): Promise<void> {
    if (this.#phase === 'leaving') return;
    this.#phase = 'leaving';
    this.#acceptors.close();
    await this.#extras.access?.flush();
    this.#beat(); // so that no request is missing in the totals
    await this.#channel.sendLast({ type: 'drained' });
    process.exit(0);
  }

  #tellPhase(phase: RotationPhase): void {
    const { slot, procName } = this.#order;
    setTitle(`gateway ${slot}`, procName, phase === 'serving' ? 'ready' : phase);
    if (phase === 'parked') this.#channel.send({ type: 'parked' });
    if (phase !== 'serving') return;
    this.#farewells.revoke(null);
    this.#channel.send({ type: 'unparked' });
  }

  #tell(message: FromGateway): void {
    this.#channel.send(message);
  }
}
