import { assertNever, exitCodes, messageOf, stackOf } from '../core/errors.ts';
import { buryOrphans } from '../process/orphans.ts';
import { follow, isFront, isLastAcceptor, steer } from './accepting.ts';
import { Arbiter } from './arbiter.ts';
import { Children } from './children.ts';
import type { ArbiterEvent, Command, Effect, Notice, Outcome } from './event.ts';
import { Hooks } from './hooks.ts';
import type { InstanceOptions } from './instance-options.ts';
import type { Complete, Watcher } from './operation-record.ts';
import { Records } from './records.ts';
import { type ArbiterState, createState } from './state.ts';
import { Upgrade } from './upgrade.ts';

/** How often the dead of others are looked for. */
const reapMs = 1000;

/** One running daemon: the arbiter's decisions, and the parts of the world that carry them out. */
export class Instance {
  readonly children: Children;
  readonly records: Records;
  readonly #options: InstanceOptions;
  readonly #arbiter: Arbiter;
  readonly #hooks: Hooks;
  readonly #upgrade: Upgrade;
  #ended = false;

  constructor(options: InstanceOptions) {
    this.#options = options;
    const { clock, errorLog, generations, invocation, listeners, spawn } = options;
    const { log } = errorLog;
    this.#arbiter = new Arbiter(createState(options.policy, options.switches), clock, (effect) => {
      try {
        this.#perform(effect);
      } catch (error) {
        // What cannot be done must not keep the rest from being done.
        log({ level: 'critical', message: `Cannot ${effect.do}: ${stackOf(error)}` });
      }
    });
    const push = this.#arbiter.push.bind(this.#arbiter);
    this.#hooks = new Hooks({ log, server: () => this.#view(), current: () => this.current() });
    this.records = new Records(clock, (pid) => this.children.takeLastWords(pid));
    this.children = new Children({
      spawn,
      log,
      now: () => clock.now(),
      delay: (ms) => new Promise((resolve) => void clock.after(ms, resolve)),
      paused: () => this.state.paused,
      onBeat: (child, beat) => this.records.onBeat(child, beat, isFront(this.state, child)),
      onGone: (child) => this.records.onGone(child),
      onLateWords: (pid, lines) => this.records.deaths.learn(pid, lines),
      push,
      env: invocation.env,
      generation: (number) => generations.get(number),
      beforeSpawn: (generation, slot) => this.#hooks.run('preFork', [{ slot }], generation),
    });
    this.#upgrade = new Upgrade({
      spawn,
      invocation,
      push,
      listeners: () => listeners.pass(),
      control: options.control,
      switches: () => this.state,
      beforeExec: () => this.#hooks.run('preExec'),
      onHandOver: options.onHandOver,
    });
  }

  async start(): Promise<void> {
    await this.#hooks.run('onStarting');
    this.#arbiter.push({ type: 'start' });
    this.#reap();
  }

  /** A service manager looks after us until it has met our heir, and starts us again if that died. */
  endWith(code: number): number {
    return this.#upgrade.isDeserted ? exitCodes.cannotStart : code;
  }

  get lookedUpAt(): number {
    return this.#arbiter.lookedUpAt;
  }

  get state(): ArbiterState {
    return this.#arbiter.state;
  }

  obey(command: Command): void {
    this.#arbiter.push({ type: 'command', command, op: null });
  }

  /** As an operation: settles when it is over. */
  operate(
    method: string,
    command: Command,
    ...caller: [watcher: Watcher, complete?: Complete]
  ): Promise<Outcome> {
    const { op, ended } = this.records.operations.begin(method, ...caller);
    this.#arbiter.push({ type: 'command', command, op });
    return ended;
  }

  push(event: ArbiterEvent): void {
    this.#arbiter.push(event);
  }

  #perform(effect: Effect): void {
    const { errorLog, listeners } = this.#options;
    switch (effect.do) {
      case 'spawn':
        return this.children.spawn(effect);
      case 'drain': {
        const { child, linger, graceMs } = effect;
        const isLast = isLastAcceptor(this.state, child, listeners, this.#warn);
        // Whoever waits for our next life is not to be taken.
        const emptyBacklog = isLast || (effect.emptyBacklog && !listeners.isBequeathed);
        return this.children.send(child, { type: 'drain', emptyBacklog, linger, graceMs });
      }
      case 'quit':
        return this.children.send(effect.child, { type: 'quit' });
      case 'signal':
        return this.children.signal(effect.child, effect.signal);
      case 'dump':
        return this.children.dump(effect.child, this.current().settings.dumpTimeout * 1000);
      case 'prepare':
        return void this.#prepare(effect.generation);
      case 'release':
        this.children.release(effect.generation);
        return this.#options.generations.release(effect.generation);
      case 'release-slot':
        return listeners.setActive(effect.slot, false);
      case 'refuse-new':
        return this.#refuseNew();
      case 'reopen':
        return this.#reopen();
      case 'start-upgrade':
        return this.#upgrade.start();
      case 'cancel-upgrade':
        return this.#upgrade.cancel();
      case 'hand-over':
        return this.#handOver();
      case 'log': {
        const { do: _, ...record } = effect;
        return errorLog.log(record);
      }
      case 'notify':
        return this.#notify(effect.notice);
      case 'park': {
        const { child, graceMs } = effect;
        this.children.send(child, { type: 'park', linger: 'keepalive', graceMs });
        return steer(this.state, child, false, listeners);
      }
      case 'unpark':
        this.children.send(effect.child, { type: 'unpark' });
        return steer(this.state, effect.child, true, listeners);
      case 'pause':
      case 'unpause':
        return this.children.sendAll({ type: effect.do });
      case 'progress':
        return this.records.operations.progress(effect);
      case 'answer':
        return this.records.operations.end(effect.op, effect.outcome);
      case 'exit':
        return void this.#exit(effect.code, effect.reason);
      default:
        return assertNever(effect);
    }
  }

  async #prepare(generation: number): Promise<void> {
    try {
      const policy = await this.#options.generations.prepare(generation);
      this.#arbiter.push({ type: 'prepared', generation, policy });
    } catch (error) {
      this.#arbiter.push({ type: 'prepare-failed', generation, reason: messageOf(error) });
    }
  }

  /** After a start that failed systemd tries again, and clients can wait for that. */
  #refuseNew(): void {
    const { mode } = this.state;
    const { listeners } = this.#options;
    if (mode.kind === 'stopping' && mode.exitCode !== 0) listeners.bequeath();
    listeners.refuseNew(this.#warn);
  }

  readonly #warn = (message: string): void =>
    this.#options.errorLog.log({ level: 'warning', message });

  /** The arbiter first, because it creates for the workers what they may not create. */
  #reopen(): void {
    const { errorLog, generations } = this.#options;
    errorLog.reopen();
    try {
      generations.createAccessLogs();
    } catch (error) {
      errorLog.log({ level: 'error', message: messageOf(error) });
    }
    this.children.sendAll({ type: 'reopen-logs' });
  }

  /** From here on everything that outlives a program belongs to the new one. */
  #handOver(): void {
    this.#options.listeners.disown();
    this.#options.pidFile?.release();
    this.#upgrade.handOver();
  }

  #notify(notice: Notice): void {
    if (notice.notice === 'reload-done') {
      this.#options.errorLog.setLevel(this.current().settings.loglevel);
    }
    follow(this.state, notice, this.#options.listeners);
    this.records.onNotice(notice);
    this.#hooks.onNotice(notice);
    this.#options.onNotice(notice);
  }

  async #exit(code: number, reason: string | null): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#hooks.end();
    this.#arbiter.close();
    this.#options.listeners.close();
    this.#options.generations.close();
    this.#options.pidFile?.release();
    this.#options.onExit(code, reason);
  }

  #reap(): void {
    buryOrphans();
    if (!this.#ended) this.#options.clock.after(reapMs, () => this.#reap());
  }

  /** The generation that every slot should have. */
  current() {
    return this.#options.generations.get(this.state.generation);
  }

  #view() {
    const { generation, target: workers } = this.state;
    const { listeners, version } = this.#options;
    return { pid: process.pid, version, workers, generation, addresses: listeners.addresses };
  }
}
