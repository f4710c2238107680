import type { ExitReason } from '../core/exit-reason.ts';
import type { DeathView } from '../protocol/control/views.ts';
import type { Notice } from './event.ts';

type Exited = Extract<Notice, { tail: string }>;

const mostDeaths = 100;
const mostLines = 40;

/** Nobody asked these workers to leave. */
const unasked: ReadonlySet<string> = new Set<ExitReason>([
  'crashed',
  'oom',
  'timeout',
  'overdue',
  'boot-failed',
  'boot-timeout',
]);

/** The last deaths of workers, each with what is known of its cause. */
export class DeathLog {
  readonly #deaths: DeathView[] = [];
  readonly #counts = new Map<string, number>();
  #last = 0;

  /** `at` is milliseconds since the epoch; `inFlight` is what the worker could still tell. */
  add(exited: Exited, at: number, inFlight: string[]): void {
    const { slot, pid, generation, reason, code, signal, uptimeMs, vitals, tail, stack } = exited;
    this.#last += 1;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#deaths.push({
      id: this.#last,
      role: exited.notice === 'gateway-exited' ? 'gateway' : 'worker',
      slot,
      pid,
      generation,
      reason,
      code,
      signal,
      at,
      uptimeMs,
      rssBytes: vitals.rssBytes,
      requests: vitals.requests,
      inFlight,
      inFlightCount: Math.max(vitals.inFlight, inFlight.length),
      output: tail === '' ? [] : tail.split('\n').slice(-mostLines),
      stack,
    });
    if (this.#deaths.length > mostDeaths) this.#deaths.shift();
  }

  /** What a gateway tells of the dead comes after them. */
  learn(pid: number, inFlight: string[]): void {
    const index = this.#deaths.findLastIndex((death) => death.pid === pid);
    const death = this.#deaths[index];
    if (death?.inFlight.length !== 0) return;
    const inFlightCount = Math.max(death.inFlightCount, inFlight.length);
    this.#deaths[index] = { ...death, inFlight, inFlightCount };
  }

  /** The last one first. */
  find({
    slot,
    last = 10,
    all = false,
  }: {
    slot?: number;
    last?: number;
    all?: boolean;
  }): DeathView[] {
    return this.#deaths
      .filter(
        (death) =>
          (slot === undefined || (death.slot === slot && death.role === 'worker')) &&
          (all || isUnasked(death)),
      )
      .toReversed()
      .slice(0, last);
  }

  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

const isUnasked = ({ reason }: DeathView): boolean => unasked.has(reason);
