import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/logger.ts';
import { Notifier, type SendDatagram } from './notifier.ts';
import type { ServiceEnvironment } from './service-environment.ts';

/** A systemd that does not listen keeps nobody from ending for longer. */
const longestSettleMs = 2000;

/** Longest text that `systemctl status` shows in a line of its own. */
const longestStatus = 400;
/** It shows all else as it is, on a terminal that an error of an app could steer. */
const unprintable = /[\s\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu;

/** What a service can tell systemd: sd_notify(3). */
export class ServiceManager {
  readonly environment: ServiceEnvironment;
  readonly #notifier: Notifier;

  constructor(
    environment: ServiceEnvironment,
    { clock, log, send }: { clock: Clock; log: Log; send?: SendDatagram },
  ) {
    this.environment = environment;
    this.#notifier = new Notifier(environment.notifySocket, clock, log, send);
  }

  ready(): void {
    this.#tell('READY=1');
  }

  /** Until the next `ready`. */
  reloading(): void {
    const microseconds = process.hrtime.bigint() / 1000n;
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${microseconds}`);
  }

  stopping(): void {
    this.#tell('STOPPING=1');
  }

  status(text: string): void {
    const line = text.replaceAll(unprintable, ' ').slice(0, longestStatus);
    this.#tell(`STATUS=${line}`);
  }

  /** `pid` is the service, and what we tell is refused, as soon as this settles. */
  handOver(pid: number): Promise<void> {
    const lines = [`MAINPID=${pid}`];
    return new Promise((onTold) => this.#notifier.notify({ lines, onTold }));
  }

  /** To start, to reload or to stop takes up to so much longer from now. */
  extendTimeout(ms: number): void {
    this.#tell(`EXTEND_TIMEOUT_USEC=${ms * 1000}`);
  }

  beat(): void {
    this.#tell('WATCHDOG=1');
  }

  /** Keeps a duplicate of a listening socket; one that does not listen yet would be dropped. */
  store(name: string, descriptor: number): void {
    this.#notifier.notify({ lines: ['FDSTORE=1', `FDNAME=${name}`], descriptor });
  }

  remove(name: string): void {
    this.#tell('FDSTOREREMOVE=1', `FDNAME=${name}`);
  }

  /** Before an end: what systemd has not heard, it never will. */
  settle(): Promise<void> {
    return this.#notifier.settle(longestSettleMs);
  }

  #tell(...lines: readonly string[]): void {
    this.#notifier.notify({ lines });
  }
}
