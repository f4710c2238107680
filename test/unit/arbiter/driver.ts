import type { ArbiterEvent, Command, Death, Effect, Outcome } from '../../../src/arbiter/event.ts';
import { nextWake } from '../../../src/arbiter/liveness.ts';
import {
  type ArbiterState,
  type Child,
  createState,
  isParked,
  isWorker,
  type Policy,
  type ReloadPlan,
} from '../../../src/arbiter/state.ts';
import { transition } from '../../../src/arbiter/transition.ts';
import { checkStep, freeze } from './rules.ts';

export const policy = (change: Partial<Policy> = {}): Policy => ({
  workers: 2,
  bootMs: 60_000,
  timeoutMs: 30_000,
  gracefulMs: 30_000,
  quickMs: 1000,
  dumpMs: 2000,
  surge: 1,
  canaryMs: null,
  backoff: { initialMs: 500, maxMs: 30_000 },
  stableMs: 10_000,
  maxMemory: 0,
  maxAgeMs: 0,
  gateways: 0,
  edge: '',
  ...change,
});

const noVitals = { inFlight: 0, requests: 0, connections: 0, rssBytes: 0, lagMs: 0 };

/**
 * The pure core with a clock and a world that answers only when the test says so. After every event
 * the rules are checked.
 */
export class Driver {
  now = 0;
  state: ArbiterState;
  readonly effects: Effect[] = [];
  /** Generations that the shell is asked to prepare and has not answered for. */
  readonly preparing = new Set<number>();
  /** Children that are to accept again and have not said so. */
  readonly unparked = new Set<number>();
  /** Null for those that have no answer yet. */
  readonly operations = new Map<number, Outcome | null>();

  constructor(change: Partial<Policy> = {}) {
    this.state = createState(policy(change));
  }

  push(event: ArbiterEvent): Effect[] {
    if ('child' in event && (event.type === 'unparked' || event.type === 'exited'))
      this.unparked.delete(event.child);
    const before = freeze(this.state);
    const step = transition(before, event, this.now);
    checkStep(before, event, step, this.now);
    this.state = step.state;
    this.effects.push(...step.effects);
    for (const effect of step.effects) {
      if (effect.do === 'prepare') this.preparing.add(effect.generation);
      if (effect.do === 'unpark') this.unparked.add(effect.child);
      if (effect.do === 'answer') this.#answer(effect.op, effect.outcome);
    }
    return [...step.effects];
  }

  command(command: Command): Effect[] {
    return this.push({ type: 'command', command, op: null });
  }

  /** As an operation; gives its number. */
  operate(command: Command): number {
    const op = this.operations.size + 1;
    this.operations.set(op, null);
    this.push({ type: 'command', command, op });
    return op;
  }

  #answer(op: number, outcome: Outcome): void {
    if (this.operations.get(op) !== null)
      throw new Error(`op:${op} is answered twice, or never was`);
    this.operations.set(op, outcome);
  }

  /** `ok`, `conflict` or `failed`; undefined while it is under way. */
  outcome(op: number): string | undefined {
    const outcome = this.operations.get(op);
    if (!outcome) return undefined;
    return outcome.ok ? 'ok' : outcome.why;
  }

  /** Starts and makes every worker ready. */
  boot(): this {
    this.push({ type: 'start' });
    this.readyAll();
    return this;
  }

  readyAll(): void {
    for (let booting = this.booting(); booting.length > 0; booting = this.booting()) {
      for (const child of booting) this.ready(child.id);
    }
  }

  ready(id: number): Effect[] {
    this.push({ type: 'spawned', child: id, pid: 1000 + id, requestLimit: 0 });
    return this.push({ type: 'ready', child: id, kind: 'test' });
  }

  exit(id: number, death: Partial<Death> = {}): Effect[] {
    return this.push({ type: 'exited', child: id, code: 0, signal: null, oom: false, ...death });
  }

  crash(id: number): Effect[] {
    return this.exit(id, { code: 1 });
  }

  failBoot(id: number, kind: 'app' | 'boot' = 'app'): Effect[] {
    this.push({ type: 'failed', child: id, failure: { kind, message: 'no luck' } });
    return this.exit(id, { code: 1 });
  }

  beat(id: number, vitals: Partial<typeof noVitals> = {}): Effect[] {
    return this.push({ type: 'beat', child: id, vitals: { ...noVitals, ...vitals } });
  }

  /** Lets time pass and the arbiter wake whenever it wants to, and when there is nothing to do. */
  pass(ms: number): Effect[] {
    const before = this.effects.length;
    const end = this.now + ms;
    for (let wake = nextWake(this.state); wake <= end; wake = nextWake(this.state)) {
      for (const at of [wake - 1, wake]) {
        this.now = Math.max(this.now, at);
        this.push({ type: 'tick', lateMs: 0 });
      }
    }
    this.now = Math.max(this.now, end - 1);
    this.push({ type: 'tick', lateMs: 0 });
    this.now = end; // what is due just now has woken the arbiter by itself, or never will
    return this.effects.slice(before);
  }

  /** The arbiter, which looks up every 250 ms, does not run for a while, and then finds out. */
  sleepThrough(ms: number): Effect[] {
    const wake = Math.max(this.now, Math.min(nextWake(this.state), this.now + 250));
    this.now += ms;
    return this.push({ type: 'tick', lateMs: Math.max(0, this.now - wake) });
  }

  reload(change: Partial<Policy> = {}, plan: Partial<ReloadPlan> = {}): number {
    const effects = this.command({ command: 'reload', ...plan });
    const prepare = effects.find((effect) => effect.do === 'prepare');
    if (!prepare) throw new Error('the reload was refused');
    const { generation } = prepare;
    this.preparing.delete(generation);
    this.push({ type: 'prepared', generation, policy: policy(change) });
    return generation;
  }

  /** Ends the children that were asked or forced to leave. */
  leaveAll(): void {
    for (const child of this.leaving()) this.exit(child.id);
  }

  /** A world in which everything goes well, until nothing happens any more. */
  settle(): void {
    for (let round = 0; round < 1000; round += 1) {
      const [leaving] = this.leaving();
      const [booting] = this.booting();
      const [parking] = this.children().filter(({ worker }) => worker.phase === 'parking');
      const [unparked] = this.unparked;
      if (unparked !== undefined) this.push({ type: 'unparked', child: unparked });
      else if (parking) this.push({ type: 'parked', child: parking.id });
      else if (leaving) this.exit(leaving.id, leaving.worker.phase === 'failed' ? { code: 1 } : {});
      else if (booting) this.ready(booting.id);
      else return;
    }
    throw new Error('never settles');
  }

  children(): Child[] {
    return [...this.state.children.values()];
  }

  booting(): Child[] {
    return this.children().filter(({ worker }) => worker.phase === 'booting');
  }

  serving(): Child[] {
    return this.children().filter(({ worker }) => worker.phase === 'ready');
  }

  parked(): Child[] {
    return this.children().filter(isParked);
  }

  leaving(): Child[] {
    return this.children().filter(
      ({ worker }) => !['booting', 'ready', 'parking', 'parked'].includes(worker.phase),
    );
  }

  gateways(): Child[] {
    return this.children().filter(({ role }) => role === 'gateway');
  }

  /** Slot and generation of the workers that serve: `0:1 1:1`. */
  picture(): string {
    return this.serving()
      .filter(isWorker)
      .map(({ slot, generation }) => `${slot}:${generation}`)
      .toSorted()
      .join(' ');
  }
}

export const kinds = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => effect.do).filter((kind) => kind !== 'log' && kind !== 'notify');

export const notices = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.do === 'notify' ? [effect.notice.notice] : []));

export const logged = (effects: readonly Effect[]): string =>
  effects.flatMap((effect) => (effect.do === 'log' ? [effect.message] : [])).join('\n');
