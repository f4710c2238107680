import type { Log } from '../core/logger.ts';
import { describeInFlight } from '../metrics/in-flight.ts';
import { readOomKills } from '../process/oom-watch.ts';
import type { ChildExit, Spawn } from '../process/spawn.ts';
import type { Beat, FromWorker, RequestReport, ToWorker } from '../protocol/worker.ts';
import type { ArbiterEvent, Effect } from './event.ts';
import type { Generation } from './generation.ts';
import type { ChildId } from './state.ts';
import { createTurns } from './turns.ts';
import { workerRequest, workerStart } from './worker-command.ts';
import { WorkerHandle } from './worker-handle.ts';

export interface ChildrenOptions {
  spawn: Spawn;
  log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  delay(ms: number): Promise<void>;
  push(event: ArbiterEvent): void;
  /** What every child's environment starts from. */
  env: Readonly<Record<string, string>>;
  generation(number: number): Generation;
  /** New workers accept nothing. */
  paused(): boolean;
  onBeat(child: ChildId, beat: Beat): void;
  onGone(child: ChildId): void;
  /** Settles when the operator's `preFork` hook has run; null when there is none to wait for. */
  beforeSpawn(generation: Generation, slot: number): Promise<void> | null;
}

type SpawnEffect = Extract<Effect, { do: 'spawn' }>;

/** The processes behind the core's child numbers. Whatever they do comes back as an event. */
export class Children {
  readonly #options: ChildrenOptions;
  readonly #handles = new Map<ChildId, WorkerHandle>();
  readonly #reports = new Map<string, (requests: RequestReport[]) => void>();
  /** What the dying said, by pid, until they are dead. */
  readonly #lastWords = new Map<number, string[]>();
  #lastReport = 0;
  /** Wanted, and waiting for a hook or for their turn. */
  readonly #waiting = new Set<ChildId>();
  readonly #turns = createTurns();
  #oomKills = readOomKills();

  constructor(options: ChildrenOptions) {
    this.#options = options;
  }

  spawn(effect: SpawnEffect): void {
    const generation = this.#options.generation(effect.generation);
    const hook = this.#options.beforeSpawn(generation, effect.slot);
    this.#waiting.add(effect.child);
    const start = () => {
      if (this.#waiting.delete(effect.child)) this.#start(effect, generation);
    };
    if (!hook) return this.#turns(start);
    void hook.then(() => this.#turns(start));
  }

  send(id: ChildId, message: ToWorker): void {
    this.#handles.get(id)?.send(message);
  }

  sendAll(message: ToWorker): void {
    for (const handle of this.#handles.values()) handle.send(message);
  }

  signal(id: ChildId, signal: NodeJS.Signals): void {
    this.#handles.get(id)?.kill(signal);
    if (this.#waiting.delete(id)) this.#exited(id, { code: null, signal: 'SIGKILL' }, '');
  }

  /** Its requests in flight; null when it does not answer within `budgetMs`. */
  async report(id: ChildId, budgetMs: number): Promise<RequestReport[] | null> {
    const handle = this.#handles.get(id);
    if (!handle) return null;
    this.#lastReport += 1;
    const key = `${id} ${this.#lastReport}`;
    const answer = new Promise<RequestReport[]>((resolve) => this.#reports.set(key, resolve));
    handle.send({ type: 'report', id: this.#lastReport });
    try {
      return await Promise.race([answer, this.#options.delay(budgetMs).then(() => null)]);
    } finally {
      this.#reports.delete(key);
    }
  }

  /** The stack of a worker that serves, without harm to it. */
  takeStack(id: ChildId, budgetMs: number): Promise<{ stack: string; inFlight: string[] }> {
    const handle = this.#handles.get(id);
    if (!handle) return Promise.resolve({ stack: 'It never started', inFlight: [] });
    return handle.takeStack(budgetMs);
  }

  /** Takes what a worker could still tell of its requests when it died. */
  takeLastWords(pid: number): string[] {
    const words = this.#lastWords.get(pid) ?? [];
    this.#lastWords.delete(pid);
    return words;
  }

  /** Takes the stack of a hung child and tells the core when it is there, or cannot be had. */
  dump(id: ChildId, budgetMs: number): void {
    const handle = this.#handles.get(id);
    if (!handle)
      return this.#options.push({ type: 'dumped', child: id, stack: 'It never started' });
    void handle
      .autopsy(budgetMs)
      .then((stack) => this.#options.push({ type: 'dumped', child: id, stack }));
  }

  pids(): number[] {
    return [...this.#handles.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  #start({ child, slot }: SpawnEffect, generation: Generation): void {
    try {
      this.#launch(child, slot, generation);
    } catch (error) {
      // Without a socket or a descriptor left; the core tries again later.
      const why = error instanceof Error ? error : new Error(String(error));
      this.#exited(child, { code: null, signal: null, error: why }, '');
    }
  }

  #launch(child: ChildId, slot: number, generation: Generation): void {
    const { env, log, now, push, spawn } = this.#options;
    const paused = this.#options.paused();
    const requestLimit = drawLimit(generation);
    const command = { generation, slot, requestLimit, purpose: 'serve', paused, env } as const;
    const handle = new WorkerHandle(workerRequest(command), {
      slot,
      spawn,
      log,
      now,
      onMessage: (message) => this.#heard(child, message, slot),
      onExit: (exit, tail) => this.#exited(child, exit, tail),
    });
    this.#handles.set(child, handle);
    if (handle.pid === undefined) return;
    handle.send(workerStart(command));
    push({ type: 'spawned', child, pid: handle.pid, requestLimit });
  }

  #heard(child: ChildId, message: FromWorker, slot: number): void {
    if (!this.#handles.has(child)) return; // it is buried already
    const { log, push } = this.#options;
    switch (message.type) {
      case 'ready':
        return push({ ...message, child });
      case 'failed': {
        const { type, ...failure } = message;
        return push({ type, child, failure });
      }
      case 'beat': {
        const { type, inFlight, requests, connections, rssBytes, lagMs } = message;
        this.#options.onBeat(child, message);
        const vitals = { inFlight, requests, connections, rssBytes, lagMs };
        return push({ type, child, vitals });
      }
      case 'requests':
        return this.#hearRequests(child, message);
      case 'leaving':
      case 'parked':
      case 'unparked':
        return push({ ...message, child });
      case 'log': {
        const pid = this.#handles.get(child)?.pid;
        return log({ level: message.level, message: message.message, slot, ...(pid && { pid }) });
      }
      case 'drained': // its exit follows, and says all
    }
  }

  #hearRequests(child: ChildId, { id, requests }: Extract<FromWorker, { type: 'requests' }>): void {
    this.#reports.get(`${child} ${id}`)?.(requests);
    const pid = this.#handles.get(child)?.pid;
    if (id === 0 && pid !== undefined) this.#lastWords.set(pid, requests.map(describeInFlight));
  }

  #exited(child: ChildId, { code, signal, error }: ChildExit, tail: string): void {
    this.#handles.delete(child);
    this.#options.onGone(child);
    const oom = signal === 'SIGKILL' && this.#oomKilled();
    const why = error && { error: `Cannot start a worker: ${error.message}` };
    this.#options.push({ type: 'exited', child, code, signal, oom, tail, ...why });
  }

  #oomKilled(): boolean {
    const kills = readOomKills();
    const more = kills !== null && kills > (this.#oomKills ?? 0);
    this.#oomKills = kills;
    return more;
  }
}

/** With jitter, so that workers that started together do not all leave together. */
function drawLimit({ settings }: Generation): number {
  const { maxRequests, maxRequestsJitter } = settings;
  return maxRequests === 0 ? 0 : maxRequests + Math.floor(Math.random() * (maxRequestsJitter + 1));
}
