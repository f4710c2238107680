import type { Server as HttpServer } from 'node:http';
import { deferred } from '../core/deferred.ts';
import type { Log } from '../core/logger.ts';
import { type DrainOptions, drain } from '../http/drain.ts';
import { Traffic } from '../http/traffic.ts';
import type { AccessLog } from '../log/access-log.ts';
import type { ToWorker, WorkerStart } from '../protocol/worker.ts';
import type { Channel } from '../runtime/channel.ts';
import { startHeartbeat } from '../runtime/heartbeat.ts';
import { setTitle } from '../runtime/proc-title.ts';
import type { WorkerHooks } from '../runtime/worker-hooks.ts';
import { Acceptors } from './acceptors.ts';
import { adoptListen, pretendToListen } from './adopt-listen.ts';
import type { ServableApp } from './app-kind.ts';
import { watchSignals } from './watch-signals.ts';

/** A stop gives idle connections this long for a request that is already on its way. */
const briefLingerMs = 300;

/** INT and QUIT to the whole group reach the arbiter too, whose word comes first. */
const quitDelayMs = 100;

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
  readonly #served = deferred<string>();
  #phase: 'waiting' | 'serving' | 'closing' | 'draining' | 'leaving' = 'waiting';
  #server: HttpServer | null = null;
  #drain: DrainOptions | null = null;

  constructor(order: WorkerStart, channel: Channel, extras: Extras) {
    this.#order = order;
    this.#channel = channel;
    this.#extras = extras;
    this.serving = this.#served.promise;
    this.#acceptors = new Acceptors({
      listeners: order.listeners,
      backlog: order.backlog,
      onConnection: (socket) => this.#server?.emit('connection', socket),
    });
    this.#traffic = this.#createTraffic();
    this.#exposeAutopsy();
  }

  /** Takes orders, signals, and the first server that the app makes listen. */
  watch(): void {
    this.#channel.onMessage((message) => {
      if (message.type === 'drain') void this.#obeyDrain(message);
      if (message.type === 'quit') void this.#leave();
      if (message.type === 'reopen-logs') this.#extras.access?.reopen();
    });
    watchSignals({
      log: this.#extras.log,
      onTerm: () => this.#channel.send({ type: 'leaving', why: 'was sent SIGTERM' }),
      onInterrupt: () => void this.#interrupt(),
    });
    process.on('exit', () => this.#extras.access?.flushSync());
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
    this.#title('ready');
    this.#channel.send({ type: 'ready', kind, ...(note !== undefined && { note }) });
    this.#served.resolve(kind);
  }

  #createTraffic(): Traffic {
    const { slot, keepaliveMs, limits, requestLimit, workerConnections } = this.#order;
    const { access, hooks } = this.#extras;
    const traffic: Traffic = new Traffic({
      slot,
      keepaliveMs,
      limits,
      record: access ? (record) => access.write(record) : null,
      preRequest: hooks?.around('preRequest') ?? null,
      postRequest: hooks?.around('postRequest') ?? null,
      onRequest: (requests) => {
        if (requests === requestLimit) beat();
      },
      onConnections: (count) => {
        // At the end the queue is emptied: there is nobody else who could.
        if (this.#phase === 'closing' || this.#phase === 'draining') return;
        void (count >= workerConnections ? this.#acceptors.pause() : this.#acceptors.resume());
      },
    });
    const beat = startHeartbeat({
      intervalMs: this.#order.beatIntervalMs,
      vitals: () => ({
        inFlight: traffic.inFlight,
        requests: traffic.requests,
        connections: traffic.connections.size,
      }),
      send: (message) => this.#channel.send(message),
    });
    return traffic;
  }

  /** The app has closed its server: what comes waits for the successor, or for a drain. */
  #askToLeave(): void {
    if (this.#phase !== 'serving') return;
    this.#phase = 'closing';
    void this.#acceptors.pause();
    this.#extras.log({ level: 'info', message: 'The app closed its server' });
    this.#channel.send({ type: 'leaving', why: 'has closed its server' });
  }

  async #obeyDrain({ emptyBacklog, linger, graceMs }: DrainOrder): Promise<void> {
    const keepaliveMs = Math.max(briefLingerMs, this.#server?.keepAliveTimeout ?? 0);
    const lingerMs = linger === 'brief' ? briefLingerMs : keepaliveMs;
    if (this.#drain) {
      this.#drain.lingerMs = Math.min(this.#drain.lingerMs, lingerMs);
      return;
    }
    if (this.#phase === 'leaving') return;
    this.#phase = 'draining';
    this.#title('draining');
    this.#drain = { emptyBacklog, lingerMs, graceMs };
    if (emptyBacklog) await this.#acceptors.resume();
    await drain(this.#traffic, this.#acceptors, this.#drain);
    await this.#leave();
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
    await this.#channel.sendLast({ type: 'drained' });
    this.#server?.emit('close'); // what an app does after its last connection may end the process
    process.exit(0);
  }

  /** For the arbiter, which calls these through the inspector while this loop is blocked. */
  #exposeAutopsy(): void {
    Object.defineProperty(globalThis, Symbol.for('tsgun.autopsy'), {
      value: () => this.#traffic.describeInFlight(),
    });
    Object.defineProperty(globalThis, Symbol.for('tsgun.abort'), {
      value: () => this.#extras.hooks?.runNow('workerAbort'),
    });
  }

  #title(state: string): void {
    setTitle(`worker ${this.#order.slot}`, this.#order.procName, state);
  }
}
