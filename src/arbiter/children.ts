import type { Log } from '../core/logger.ts';
import { describeInFlight } from '../metrics/in-flight.ts';
import type { ChildExit, Spawn, SpawnedChild } from '../process/spawn.ts';
import type { Beat, RequestReport, ToWorker } from '../protocol/worker.ts';
import type { ChildCommand, ChildOrder } from './child-command.ts';
import { orderChild } from './child-order.ts';
import { createEars, type Hear } from './child-words.ts';
import type { ArbiterEvent, Effect } from './event.ts';
import type { Examiner, Findings } from './examiner.ts';
import type { Generation } from './generation.ts';
import { LastWords } from './last-words.ts';
import { examineNode } from './node-examiner.ts';
import { isPreloaded, Nurseries } from './nurseries.ts';
import { OomCount } from './oom-count.ts';
import { examinePython } from './python-examiner.ts';
import { Reports } from './reports.ts';
import type { ChildId, Role } from './state.ts';
import { createTurns } from './turns.ts';
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
  /** New children accept nothing. */
  paused(): boolean;
  onBeat(child: ChildId, beat: Beat): void;
  onGone(child: ChildId): void;
  /** A gateway tells of a dead worker what it was busy with. */
  onLateWords(pid: number, lines: string[]): void;
  /** Settles when the operator's `preFork` hook has run; null when there is none to wait for. */
  beforeSpawn(generation: Generation, slot: number): Promise<void> | null;
}

type SpawnEffect = Extract<Effect, { do: 'spawn' }>;

/** A gateway tells for a worker that hangs, and itself may be busy. */
const inFlightMs = 300;

/** The processes behind the core's child numbers. Whatever they do comes back as an event. */
export class Children {
  readonly #options: ChildrenOptions;
  readonly #handles = new Map<ChildId, WorkerHandle>();
  readonly #gateways = new Set<ChildId>();
  readonly #hear: Hear;
  readonly #reports: Reports;
  readonly #lastWords: LastWords;
  /** Wanted, and waiting for a hook or for their turn. */
  readonly #waiting = new Set<ChildId>();
  readonly #turns = createTurns();
  readonly #nurseries: Nurseries;
  readonly #oomCount = new OomCount();

  constructor(options: ChildrenOptions) {
    this.#options = options;
    this.#reports = new Reports(options.delay);
    this.#nurseries = new Nurseries(options);
    this.#lastWords = new LastWords(options.onLateWords);
    this.#hear = createEars({ ...options, reports: this.#reports, lastWords: this.#lastWords });
  }

  spawn(effect: SpawnEffect): void {
    const generation = this.#options.generation(effect.generation);
    const isWorker = effect.role === 'worker';
    const hook = isWorker ? this.#options.beforeSpawn(generation, effect.slot) : null;
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
    this.#nurseries.forget(id);
    if (this.#waiting.delete(id)) this.#exited(id, { code: null, signal: 'SIGKILL' }, '');
  }

  /** Its requests in flight; null when it does not answer within `budgetMs`. */
  async report(id: ChildId, budgetMs: number): Promise<RequestReport[] | null> {
    const handle = this.#handles.get(id);
    return handle ? this.#reports.ask(id, (message) => handle.send(message), budgetMs) : null;
  }

  /** The stack of a worker that serves, without harm to it. */
  takeStack(id: ChildId, budgetMs: number): Promise<Findings> {
    const found =
      this.#handles.get(id)?.takeStack(budgetMs) ?? this.#nurseries.takeStack(id, budgetMs);
    return found ?? Promise.resolve({ stack: 'It never started', inFlight: [] });
  }

  /** Takes what a worker could still tell of its requests when it died. */
  takeLastWords(pid: number): string[] {
    return this.#lastWords.take(pid);
  }

  /** Takes the stack of a hung child and tells the core when it is there, or cannot be had. */
  dump(id: ChildId, budgetMs: number): void {
    const tell = (stack: string) => this.#options.push({ type: 'dumped', child: id, stack });
    const stack = this.#handles.get(id)?.autopsy(budgetMs) ?? this.#nurseries.autopsy(id, budgetMs);
    if (!stack) return tell('It never started');
    void stack.then(tell);
  }

  /** No child of this generation will be wanted any more. */
  release(generation: number): void {
    this.#nurseries.release(generation);
  }

  #start(effect: SpawnEffect, generation: Generation): void {
    try {
      this.#launch(effect, generation);
    } catch (error) {
      // Without a socket or a descriptor left; the core tries again later.
      const why = error instanceof Error ? error : new Error(String(error));
      this.#exited(effect.child, { code: null, signal: null, error: why }, '');
    }
  }

  #launch(effect: SpawnEffect, generation: Generation): void {
    const { env, paused, spawn } = this.#options;
    const { role, child, slot } = effect;
    const requestLimit = role === 'worker' ? drawLimit(generation) : 0;
    const command: ChildCommand = {
      ...{ child, generation, slot, requestLimit, env },
      purpose: 'serve',
      paused: paused(),
    };
    const order = orderChild(role, command);
    if (role === 'worker' && isPreloaded(generation)) {
      return void this.#bear(effect, generation, order, requestLimit);
    }
    this.#adopt(effect, spawn(order.request), generation);
    this.#begin(child, order.start, requestLimit);
  }

  /** It is forked from a process that has the app already, or is about to. */
  async #bear(
    effect: SpawnEffect,
    generation: Generation,
    order: ChildOrder,
    requestLimit: number,
  ): Promise<void> {
    const { child } = effect;
    this.#waiting.add(child);
    const birth = await this.#nurseries.bear(child, generation, order);
    if (!birth || !this.#waiting.delete(child)) return;
    if (birth.outcome === 'born') {
      this.#adopt(effect, birth.worker, generation);
      return this.#begin(child, order.start, requestLimit);
    }
    if (birth.outcome === 'lost') return this.#exited(child, birth.exit, birth.tail);
    const { type, ...failure } = birth.failure;
    this.#options.push({ type, child, failure });
    this.#exited(child, { code: 1, signal: null }, '');
  }

  /** From here on it is one of ours, however it came to life. */
  #adopt({ child: id, role, slot }: SpawnEffect, child: SpawnedChild, generation: Generation) {
    const { log, now } = this.#options;
    let heard = false;
    const handle = new WorkerHandle({
      child,
      slot: role === 'worker' ? slot : null,
      log,
      now,
      examiner: this.#examine(id, role, child, { generation, runs: () => heard }),
      onMessage: (message) => {
        if (!this.#handles.has(id)) return; // it is buried already
        const type = this.#hear({ id, role, slot, pid: child.pid }, message);
        if (type !== null) heard = type !== 'drained';
      },
      onExit: (exit, tail) => this.#exited(id, exit, tail),
    });
    this.#handles.set(id, handle);
    if (role === 'gateway') this.#gateways.add(id);
  }

  #begin(child: ChildId, start: { type: 'start' }, requestLimit: number): void {
    const handle = this.#handles.get(child);
    if (handle?.pid === undefined) return;
    this.#lastWords.born(child, handle.pid);
    handle.send(start);
    this.#options.push({ type: 'spawned', child, pid: handle.pid, requestLimit });
  }

  #examine(
    id: ChildId,
    role: Role,
    child: SpawnedChild,
    { generation, runs }: { generation: Generation; runs(): boolean },
  ): Examiner {
    const kill = (signal: NodeJS.Signals) => void child.kill(signal);
    const { language, script } = generation;
    if (role === 'gateway' || language === 'node') {
      const shutInspector = () => child.send({ type: 'close-inspector' });
      return examineNode({ kill, shutInspector, captured: child.stderr !== null, runs });
    }
    const { pid, stack } = child;
    const abortHook = script?.functions.includes('workerAbort') ?? false;
    return examinePython({ pid, kill, stack, abortHook, inFlight: () => this.#inFlightOf(id) });
  }

  /** What gateways have given to a worker. */
  async #inFlightOf(worker: ChildId): Promise<string[]> {
    const lists = await Promise.all([...this.#gateways].map((id) => this.report(id, inFlightMs)));
    return lists
      .flatMap((list) => list ?? [])
      .filter(({ child }) => child === worker)
      .map(describeInFlight);
  }

  #exited(child: ChildId, { code, signal, error }: ChildExit, tail: string): void {
    this.#handles.delete(child);
    this.#gateways.delete(child);
    this.#options.onGone(child);
    const oom = signal === 'SIGKILL' && this.#oomCount.hasGrown();
    const why = error && { error: `Cannot start a child: ${error.message}` };
    this.#options.push({ type: 'exited', child, code, signal, oom, tail, ...why });
    this.#lastWords.buried(child);
  }
}

/** With jitter, so that workers that started together do not all leave together. */
function drawLimit({ settings }: Generation): number {
  const { maxRequests, maxRequestsJitter } = settings;
  return maxRequests === 0 ? 0 : maxRequests + Math.floor(Math.random() * (maxRequestsJitter + 1));
}
