import type { Server as HttpServer } from 'node:http';
import { deferred } from '../core/deferred.ts';
import type { Log } from '../core/logger.ts';
import { Traffic } from '../http/traffic.ts';
import type { AccessLog } from '../log/access-log.ts';
import { describeInFlight } from '../metrics/in-flight.ts';
import type { RequestReport, ToWorker, WorkerStart } from '../protocol/worker.ts';
import { Acceptors } from '../runtime/acceptors.ts';
import type { Channel } from '../runtime/channel.ts';
import { startHeartbeat } from '../runtime/heartbeat.ts';
import { setTitle } from '../runtime/proc-title.ts';
import { Rotation, type RotationPhase } from '../runtime/rotation.ts';
import { watchSignals } from '../runtime/watch-signals.ts';
import type { WorkerHooks } from '../runtime/worker-hooks.ts';
import { adoptListen, pretendToListen } from './adopt-listen.ts';
import type { ServableApp } from './app-kind.ts';

/** INT and QUIT to the whole group reach the arbiter too, whose word comes first. */
const quitDelayMs = 100;

/** Of the requests in flight. */
const mostReported = 1000;

type DrainOrder = Extract<ToWorker, { type: 'drain' }>;

/** What a worker has that not every app needs. */
export interface Extras {
  hooks: WorkerHooks | null;
  access: AccessLog | null;
  log: Log;
}

/** One worker: the app's server, the listeners it inherited, and its line to the arbiter. */
export class Worker {
  /** Settles with the kind of the app when it can be served. */
  readonly serving: Promise<string>;
  readonly #order: WorkerStart;
  readonly #channel: Channel;
  readonly #extras: Extras;
  readonly #traffic: Traffic;
  readonly #acceptors: Acceptors;
  readonly #rotation: Rotation;
  readonly #beat: () => void;
  readonly #served = deferred<string>();
  #phase: 'waiting' | 'serving' | 'closing' | 'leaving' = 'waiting';
  #server: HttpServer | null = null;

  constructor(order: WorkerStart, channel: Channel, extras: Extras) {
    this.#order = order;
    this.#channel = channel;
    this.#extras = extras;
    this.serving = this.#served.promise;
    this.#acceptors = new Acceptors({
      listeners: order.listeners,
      backlog: order.backlog,
      log: extras.log,
      onConnection: (socket) => this.#server?.emit('connection', socket),
    });
    if (order.paused) this.#acceptors.hold('paused');
    this.#traffic = this.#createTraffic();
    this.#beat = this.#startHeartbeat();
    this.#rotation = new Rotation({
      traffic: this.#traffic,
      acceptors: this.#acceptors,
      keepaliveMs: () => this.#server?.keepAliveTimeout ?? 0,
      onPhase: (phase) => this.#tellPhase(phase),
    });
    this.#exposeAutopsy();
  }

  /** Takes signals, and the first server that the app makes listen. */
  watch(): void {
    watchSignals({
      log: this.#extras.log,
      onTerm: () => this.#channel.send({ type: 'leaving', why: 'was sent SIGTERM' }),
      onInterrupt: () => void this.#interrupt(),
    });
    process.on('exit', () => this.#sayLastWords());
    adoptListen({
      adopt: (server, asked) => {
        const note = `The app called listen(${asked}): it serves on the inherited listeners instead`;
        void this.#serve({ kind: 'script', server }, note);
      },
      ports: () => this.#acceptors.ports(),
      address: () => this.#acceptors.address(),
    });
  }

  /** An app that is exported; one that listens by itself comes before it. */
  offer(app: ServableApp): void {
    if (this.#phase === 'waiting') void this.#serve(app);
  }

  obey(message: ToWorker): void {
    switch (message.type) {
      case 'drain':
        return void this.#obeyDrain(message);
      case 'quit':
        return void this.#leave();
      case 'reopen-logs':
        return this.#extras.access?.reopen();
      case 'park':
        return void this.#rotation.park(message);
      case 'unpark':
        return this.#rotation.unpark();
      case 'pause':
        return this.#acceptors.hold('paused');
      case 'unpause':
        return this.#acceptors.release('paused');
      case 'report':
        return this.#report(message.id, this.#traffic.reportInFlight(mostReported));
      case 'close-inspector':
        return process.getBuiltinModule('node:inspector').close();
      case 'start': // that was the first one
    }
  }

  async #serve({ kind, server }: ServableApp, note?: string): Promise<void> {
    if (this.#order.purpose === 'check') return this.#served.resolve(kind);
    const first = this.#phase === 'waiting';
    if (first) this.#phase = 'serving';
    this.#server = server;
    this.#traffic.instrument(server);
    if (first) await this.#acceptors.open();
    pretendToListen(server, this.#acceptors, () => this.#askToLeave());
    // An app that listens although it is exported: its own server is the better one.
    if (!first) return this.#extras.log({ level: 'info', message: note ?? kind });
    await this.#extras.hooks?.run('postWorkerInit');
    if (this.#rotation.phase === 'serving') this.#title('ready');
    this.#channel.send({ type: 'ready', kind, ...(note !== undefined && { note }) });
    this.#served.resolve(kind);
  }

  #createTraffic(): Traffic {
    const { slot, keepaliveMs, limits, requestLimit, workerConnections } = this.#order;
    const { access, hooks } = this.#extras;
    return new Traffic({
      slot,
      keepaliveMs,
      limits,
      record: access ? (record) => access.write(record) : null,
      preRequest: hooks?.around('preRequest') ?? null,
      postRequest: hooks?.around('postRequest') ?? null,
      onRequest: (requests) => {
        if (requests === requestLimit) this.#beat();
      },
      onConnections: (count) => {
        if (count >= workerConnections) this.#acceptors.hold('full');
        else this.#acceptors.release('full');
      },
    });
  }

  #startHeartbeat(): () => void {
    const traffic = this.#traffic;
    return startHeartbeat({
      intervalMs: this.#order.beatIntervalMs,
      vitals: () => ({
        inFlight: traffic.inFlight,
        requests: traffic.requests,
        connections: traffic.connections.size,
        latencies: traffic.latencies.take(),
      }),
      send: (message) => this.#channel.send(message),
    });
  }

  /** The app has closed its server: what comes waits for the successor, or for a drain. */
  #askToLeave(): void {
    if (this.#phase !== 'serving') return;
    this.#phase = 'closing';
    this.#acceptors.hold('closed');
    this.#extras.log({ level: 'info', message: 'The app closed its server' });
    this.#channel.send({ type: 'leaving', why: 'has closed its server' });
  }

  async #obeyDrain(order: DrainOrder): Promise<void> {
    if (this.#phase === 'leaving') return;
    await this.#rotation.leave(order);
    await this.#leave();
  }

  #tellPhase(phase: RotationPhase): void {
    this.#title(phase === 'serving' ? 'ready' : phase);
    if (phase === 'parked') this.#channel.send({ type: 'parked' });
    if (phase === 'serving') this.#channel.send({ type: 'unparked' });
  }

  #report(id: number, requests: RequestReport[]): void {
    this.#channel.send({ type: 'requests', id, requests });
  }

  async #interrupt(): Promise<void> {
    await this.#extras.hooks?.run('workerInt');
    setTimeout(() => void this.#leave(), quitDelayMs);
  }

  async #leave(): Promise<void> {
    if (this.#phase === 'leaving') return;
    this.#phase = 'leaving';
    this.#acceptors.close();
    await this.#extras.hooks?.run('workerExit');
    await this.#extras.access?.flush();
    this.#beat(); // so that no request is missing in the totals
    await this.#channel.sendLast({ type: 'drained' });
    this.#server?.emit('close'); // what an app does after its last connection may end the process
    process.exit(0);
  }

  /** A write to the channel is done at once while it is not full, and so before the end. */
  #sayLastWords(): void {
    this.#extras.access?.flushSync();
    if (this.#phase === 'leaving' || this.#phase === 'waiting') return;
    this.#beat();
    if (this.#traffic.inFlight > 0) this.#report(0, chooseLastWords(this.#traffic));
  }

  /** For the arbiter, which calls these through the inspector while this loop is blocked. */
  #exposeAutopsy(): void {
    Object.defineProperty(globalThis, Symbol.for('tsgun.autopsy'), {
      value: () => this.#traffic.reportInFlight(mostReported).map(describeInFlight),
    });
    Object.defineProperty(globalThis, Symbol.for('tsgun.abort'), {
      value: () => this.#extras.hooks?.runNow('workerAbort'),
    });
  }

  #title(state: string): void {
    setTitle(`worker ${this.#order.slot}`, this.#order.procName, state);
  }
}

/** They must fit the channel at once. What it dies of is most likely one of the newest. */
function chooseLastWords(traffic: Traffic): RequestReport[] {
  const all = traffic.reportInFlight(Number.POSITIVE_INFINITY);
  return all.length <= 100 ? all : [...all.slice(0, 50), ...all.slice(-50)];
}
