import type { Clock } from '../core/clock.ts';
import { headline } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { Spawn } from '../process/spawn.ts';
import type { Inherited } from '../sockets/inherit.ts';
import type { ListenerSet } from '../sockets/listener-set.ts';
import { isOwned } from '../sockets/passed-name.ts';
import { FdStore } from '../systemd/fd-store.ts';
import type { ServiceManager } from '../systemd/service-manager.ts';
import { describeService } from './describe-service.ts';
import type { Command, Notice } from './event.ts';
import type { Instance } from './instance.ts';
import type { Predecessor } from './predecessor.ts';
import { policyOf } from './state.ts';
import { willBeRestarted } from './unit-job.ts';

/** How often systemd hears of us; often enough for any watchdog that it may have. */
const longestSilenceMs = 2000;
/** An arbiter that has not looked up for so long is stuck, whatever its timers do. */
const stuckMs = 5000;
/** What starts, reloads or stops has limits of its own; this is for an arbiter that hangs in it. */
const extensionMs = 10_000;

export interface ServiceOptions {
  manager: ServiceManager;
  clock: Clock;
  spawn: Spawn;
  env: Readonly<Record<string, string>>;
  log: Log;
  listeners: ListenerSet;
  inherited: readonly Inherited[];
  predecessor: Predecessor | null;
  instance: Pick<Instance, 'state' | 'records' | 'lookedUpAt'>;
}

/** The instance as a service of systemd: what it hears of it, and when. */
export class Service {
  readonly #options: ServiceOptions;
  #cancel: (() => void) | null = null;
  /** Of the last reload, until one succeeds. */
  #trouble: string | null = null;
  #status = '';

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** A successor speaks only when it has become the service. */
  begin(): void {
    const { clock, inherited, listeners, log, manager } = this.#options;
    listeners.keepIn(new FdStore(manager, inherited.filter(isOwned), log));
    const intervalMs = Math.min(longestSilenceMs, (manager.environment.watchdogMs ?? 1e9) / 3);
    const tick = () => {
      this.#tell();
      this.#cancel = clock.after(intervalMs, tick);
    };
    tick();
  }

  /** For a successor, which serves before it is the service. */
  takeOver(): void {
    this.#options.manager.ready();
    this.begin();
  }

  /** A stop that is a part of a restart leaves the listening sockets where clients can wait. */
  async prepare(command: Command): Promise<void> {
    const { listeners } = this.#options;
    if (command.command !== 'stop' || !listeners.isStored) return;
    if ((await willBeRestarted(this.#options)) !== false) listeners.bequeath();
  }

  onNotice(notice: Notice): void {
    if (!this.#cancel) return;
    const { manager } = this.#options;
    switch (notice.notice) {
      case 'serving':
        manager.ready();
        break;
      case 'reload-started':
        manager.reloading();
        break;
      case 'reload-switched':
      case 'reload-done':
        this.#trouble = null;
        manager.ready();
        break;
      case 'reload-failed':
      case 'rolled-back':
        this.#trouble = `reload failed: ${headline(notice.reason)}`;
        manager.ready();
        break;
      case 'stopping':
        manager.stopping();
        break;
      default:
        return;
    }
    this.#tell();
  }

  /** `pid` is the service when this settles; then it may speak, and we may end. */
  async handOver(pid: number): Promise<void> {
    if (!this.#cancel) return;
    this.#fallSilent();
    await this.#options.manager.handOver(pid);
  }

  /**
   * The end of a service is the end of everything in its control group: a program that we succeeded
   * may still be finishing its requests there.
   */
  async end(): Promise<void> {
    const { clock, instance, predecessor } = this.#options;
    const { mode } = instance.state;
    if (this.#cancel && mode.kind === 'stopping' && mode.how === 'graceful')
      await predecessor?.waitForEnd(clock, policyOf(instance.state).gracefulMs);
    this.#fallSilent();
    await this.#options.manager.settle();
  }

  #fallSilent(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #tell(): void {
    const { clock, instance, manager } = this.#options;
    const now = clock.now();
    const { state } = instance;
    if (manager.environment.watchdogMs !== null && now - instance.lookedUpAt < stuckMs)
      manager.beat();
    if (state.mode.kind !== 'serving') manager.extendTimeout(extensionMs);
    const { requestsPerSecond } = instance.records.fleet.measureAll(now);
    const status = describeService(state, { requestsPerSecond, trouble: this.#trouble });
    if (status !== this.#status) manager.status(status);
    this.#status = status;
  }
}
