import type { Server as HttpServer } from 'node:http';
import { deferred } from '../core/deferred.ts';
import type { Log } from '../core/logger.ts';
import { drain } from '../http/drain.ts';
import { Traffic } from '../http/traffic.ts';
import type { AccessLog } from '../log/access-log.ts';
import type { ToWorker, WorkerStart } from '../protocol/worker.ts';
import type { Channel } from '../runtime/channel.ts';
import { startHeartbeat } from '../runtime/heartbeat.ts';
import { setTitle } from '../runtime/proc-title.ts';
import type { WorkerHooks } from '../runtime/worker-hooks.ts';
import { Acceptors } from './acceptors.ts';
import { adoptFirstListen, pretendToListen } from './adopt-listen.ts';
import type { ServableApp } from './app-kind.ts';

/** A stop gives idle connections this long for a request that is already on its way. */
const briefLingerMs = 300;

/** INT and QUIT to the whole group reach the arbiter too, whose word comes first. */
const quitDelayMs = 100;

type DrainOrder = Extract<ToWorker, { type: 'drain' }>;

/** One worker: the app's server, the listeners it inherited, and its line to the arbiter. */
export class Worker {
  readonly serving: Promise<void>;
  readonly #order: WorkerStart;
  readonly #channel: Channel;
  readonly #hooks: WorkerHooks | null;
  readonly #access: AccessLog | null;
  readonly #traffic: Traffic;
  readonly #acceptors: Acceptors;
  readonly #served = deferred<void>();
  #phase: 'waiting' | 'serving' | 'draining' | 'leaving' = 'waiting';
  #server: HttpServer | null = null;

  private constructor(
    order: WorkerStart,
    channel: Channel,
    hooks: WorkerHooks | null,
    access: AccessLog | null,
  ) {
    this.#order = order;
    this.#channel = channel;
    this.#hooks = hooks;
    this.#access = access;
    this.serving = this.#served.promise;
    this.#traffic = this.#createTraffic();
    this.#acceptors = new Acceptors({
      listeners: order.listeners,
      backlog: order.backlog,
      onConnection: (socket) => this.#server?.emit('connection', socket),
    });
  }

  /** Everything that has to be in place before the app's first line runs. */
  static async prepare(order: WorkerStart, channel: Channel, log: Log): Promise<Worker> {
    const { access: target, hooksFrom, slot, generation, spew } = order;
    const access = target
      ? new (await import('../log/access-log.ts')).AccessLog({ ...target, log })
      : null;
    const hooks = hooksFrom
      ? await (await import('../runtime/worker-hooks.ts')).WorkerHooks.load({
          ...hooksFrom,
          worker: { pid: process.pid, slot, generation },
          log,
        })
      : null;
    const worker = new Worker(order, channel, hooks, access);
    worker.#listenToOrders();
    worker.#listenToSignals(log);
    worker.#exposeAutopsy();
    await hooks?.run('postFork');
    if (spew) {
      const { startSpew } = await import('../runtime/spew.ts');
      await startSpew((line) => process.stderr.write(`${line}\n`));
    }
    adoptFirstListen(({ server, asked }) => {
      const note = `The app called listen(${asked}): it serves on the inherited listeners instead`;
      void worker.#serve({ kind: 'script', server }, note);
    });
    return worker;
  }

  /** An app that is exported; one that listens by itself has come before it. */
  offer(app: ServableApp): void {
    if (this.#phase === 'waiting') void this.#serve(app);
  }

  async #serve({ kind, server }: ServableApp, note?: string): Promise<void> {
    this.#phase = 'serving';
    this.#server = server;
    this.#traffic.instrument(server);
    await this.#acceptors.open();
    pretendToListen(server, this.#acceptors);
    await this.#hooks?.run('postWorkerInit');
    this.#title('ready');
    this.#channel.send({ type: 'ready', kind, ...(note !== undefined && { note }) });
    this.#served.resolve();
  }

  #createTraffic(): Traffic {
    const { slot, keepaliveMs, limits, requestLimit, workerConnections } = this.#order;
    const access = this.#access;
    const beat = startHeartbeat({
      intervalMs: this.#order.beatIntervalMs,
      vitals: () => ({
        inFlight: this.#traffic?.inFlight ?? 0,
        requests: this.#traffic?.requests ?? 0,
        connections: this.#traffic?.connections.size ?? 0,
      }),
      send: (message) => this.#channel.send(message),
    });
    return new Traffic({
      slot,
      keepaliveMs,
      limits,
      record: access ? (record) => access.write(record) : null,
      preRequest: this.#hooks?.around('preRequest') ?? null,
      postRequest: this.#hooks?.around('postRequest') ?? null,
      onRequest: (requests) => {
        if (requests === requestLimit) beat();
      },
      onConnections: (count) => {
        if (count >= workerConnections) void this.#acceptors.pause();
        else void this.#acceptors.resume();
      },
    });
  }

  #listenToOrders(): void {
    this.#channel.onMessage((message) => {
      if (message.type === 'drain') void this.#drain(message);
      if (message.type === 'quit') void this.#leave();
      if (message.type === 'reopen-logs') this.#access?.reopen();
    });
    process.on('exit', () => this.#access?.flushSync());
  }

  async #drain({ emptyBacklog, linger, graceMs }: DrainOrder): Promise<void> {
    if (this.#phase === 'draining') return;
    this.#phase = 'draining';
    this.#title('draining');
    const keepaliveMs = Math.max(briefLingerMs, this.#order.keepaliveMs);
    const lingerMs = linger === 'brief' ? briefLingerMs : keepaliveMs;
    await drain(this.#traffic, this.#acceptors, { emptyBacklog, lingerMs, graceMs });
    await this.#leave();
  }

  async #leave(): Promise<void> {
    if (this.#phase === 'leaving') return;
    this.#phase = 'leaving';
    this.#acceptors.close();
    await this.#hooks?.run('workerExit');
    await this.#access?.flush();
    await this.#channel.sendLast({ type: 'drained' });
    process.exit(0);
  }

  #listenToSignals(log: Log): void {
    process.on('SIGTERM', () => this.#channel.send({ type: 'leaving', signal: 'SIGTERM' }));
    const interrupt = async () => {
      await this.#hooks?.run('workerInt');
      setTimeout(() => void this.#leave(), quitDelayMs);
    };
    for (const signal of ['SIGINT', 'SIGQUIT'] as const)
      process.once(signal, () => void interrupt());
    for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGWINCH', 'SIGTTIN', 'SIGTTOU'] as const) {
      const message = `Ignoring ${signal}: it is meant for the arbiter`;
      process.on(signal, () => log({ level: 'debug', message }));
    }
  }

  /** For the arbiter, which calls these through the inspector while this loop is blocked. */
  #exposeAutopsy(): void {
    Object.defineProperty(globalThis, Symbol.for('tsgun.autopsy'), {
      value: () => this.#traffic.describeInFlight(),
    });
    Object.defineProperty(globalThis, Symbol.for('tsgun.abort'), {
      value: () => this.#hooks?.runNow('workerAbort'),
    });
  }

  #title(state: string): void {
    setTitle(`worker ${this.#order.slot}`, this.#order.procName, state);
  }
}
