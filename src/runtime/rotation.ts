import { Drain } from '../http/drain.ts';
import type { Traffic } from '../http/traffic.ts';
import type { Linger } from '../protocol/worker.ts';
import type { Acceptors } from './acceptors.ts';

/** A stop gives idle connections this long for a request that is already on its way. */
const briefLingerMs = 300;

interface ParkOrder {
  linger: Linger;
  graceMs: number;
}

interface LeaveOrder extends ParkOrder {
  emptyBacklog: boolean;
}

export interface RotationOptions {
  traffic: Traffic;
  acceptors: Acceptors;
  /** How long the app's server keeps an idle connection. */
  keepaliveMs(): number;
  onPhase(phase: RotationPhase): void;
}

export type RotationPhase = 'serving' | 'parking' | 'parked' | 'draining';

/** Whether a worker takes its share of the connections, and how it stops doing so. */
export class Rotation {
  readonly #options: RotationOptions;
  #phase: RotationPhase = 'serving';
  /** While it parks or leaves. */
  #drain: Drain | null = null;

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  get phase(): RotationPhase {
    return this.#phase;
  }

  /** Out of rotation, when nothing is left to be done; asked again it says again that it is. */
  async park({ linger, graceMs }: ParkOrder): Promise<void> {
    if (this.#phase === 'draining') return;
    if (this.#phase === 'parked') return this.#enter('parked');
    const lingerMs = this.#lingerMs(linger);
    if (this.#drain) return this.#drain.hasten({ lingerMs, graceMs });
    const { acceptors, traffic } = this.#options;
    const acceptor = {
      get lastAccept() {
        return acceptors.lastAccept;
      },
      close() {
        acceptors.hold('parked');
        return !acceptors.accepting;
      },
    };
    const drain = new Drain(traffic, acceptor, { emptyBacklog: false, lingerMs, graceMs });
    this.#drain = drain;
    this.#enter('parking');
    if (!(await drain.over)) return;
    this.#drain = null;
    this.#enter('parked');
  }

  /** Back into rotation, at once. */
  unpark(): void {
    if (this.#phase === 'draining') return;
    this.#drain?.giveUp();
    this.#drain = null;
    this.#options.traffic.keepAliveAgain();
    this.#options.acceptors.release('parked');
    this.#enter('serving');
  }

  /** Settles when the worker may leave. Asked again, it can only be sooner. */
  async leave({ emptyBacklog, linger, graceMs }: LeaveOrder): Promise<void> {
    const { acceptors, traffic } = this.#options;
    const lingerMs = this.#lingerMs(linger);
    if (this.#phase !== 'draining') {
      const lingerSince = this.#drain?.lingerSince;
      this.#drain?.giveUp();
      if (emptyBacklog) acceptors.flush();
      const since = lingerSince === undefined ? {} : { lingerSince };
      this.#drain = new Drain(traffic, acceptors, { emptyBacklog, lingerMs, graceMs, ...since });
      this.#enter('draining');
    } else this.#drain?.hasten({ lingerMs, graceMs });
    await this.#drain?.over;
  }

  #lingerMs(linger: Linger): number {
    return linger === 'brief'
      ? briefLingerMs
      : Math.max(briefLingerMs, this.#options.keepaliveMs());
  }

  #enter(phase: RotationPhase): void {
    this.#phase = phase;
    this.#options.onPhase(phase);
  }
}
