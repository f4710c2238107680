import { type Deferred, deferred } from '../core/deferred.ts';
import { messageOf, TsgunError } from '../core/errors.ts';
import { type MethodName, methods } from '../protocol/control/methods.ts';
import type { ProgressView, WorkerOutcome } from '../protocol/control/views.ts';
import type { Outcome, Progress } from './event.ts';

export type Watcher = (progress: ProgressView) => void;

/** Adds to a good result what only the shell knows. */
export type Complete = (result: Result) => Result;
type Result = Readonly<Record<string, unknown>>;

const keep: Complete = (result) => result;

/** How many that are over can still be asked for. */
const mostEnded = 100;

interface Running {
  startedAt: number;
  /** Its last progress, which also tells the method. */
  last: ProgressView;
  changes: Map<string, WorkerOutcome>;
  watchers: Set<Watcher>;
  ended: Deferred<Outcome>;
  complete: Complete;
}

interface Ended {
  last: ProgressView;
  outcome: Outcome;
}

/** What the shell knows of operations: who waits for them, how far they are, and how they ended. */
export class OperationRecords {
  readonly #now: () => number;
  readonly #running = new Map<number, Running>();
  /** The oldest first. */
  readonly #ended = new Map<number, Ended>();
  #last = 0;

  /** `now` is monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Its first progress says that it was accepted, and under which id. */
  begin(
    method: string,
    watcher: Watcher,
    complete: Complete = keep,
  ): { op: number; ended: Promise<Outcome> } {
    this.#last += 1;
    const op = this.#last;
    const last = { op, method, seq: 0, phase: 'waiting', text: '', slot: null, ...noSteps };
    const ended = deferred<Outcome>();
    this.#running.set(op, {
      startedAt: this.#now(),
      last,
      changes: new Map(),
      watchers: new Set([watcher]),
      ended,
      complete,
    });
    return { op, ended: ended.promise };
  }

  progress({ op, phase, text, change, steps }: Progress): void {
    const record = this.#running.get(op);
    if (!record) return;
    if (change) record.changes.set(`${change.slot} ${change.pid}`, change);
    const { method, seq } = record.last;
    const slot = change?.slot ?? null;
    record.last = { op, method, seq: seq + 1, phase, text, slot, ...(steps ?? noSteps) };
    for (const watcher of record.watchers) watcher(record.last);
  }

  end(op: number, outcome: Outcome): void {
    const record = this.#running.get(op);
    if (!record) return;
    const { last, changes, complete, ended } = record;
    const workers = [...changes.values()].toSorted((a, b) => a.slot - b.slot);
    const told = tellsWorkers(last.method) ? { op, workers } : { op };
    const end: Outcome = outcome.ok
      ? { ok: true, result: complete({ ...told, ...outcome.result }) }
      : { ...outcome, detail: { op, workers, ...outcome.detail } };
    this.#running.delete(op);
    this.#ended.set(op, { last, outcome: end });
    ended.resolve(end);
    for (const oldest of this.#ended.keys())
      if (this.#ended.size > mostEnded) this.#ended.delete(oldest);
  }

  /** An operation that the core knows nothing of. */
  async run<T extends Record<string, unknown>>(
    method: string,
    watcher: Watcher,
    act: () => Promise<T>,
  ): Promise<T & { op: number }> {
    const { op } = this.begin(method, watcher);
    this.progress({ op, phase: 'started', text: `${method} has begun`, change: null, steps: null });
    try {
      const result = await act();
      this.end(op, { ok: true, result });
      return { ...result, op };
    } catch (error) {
      const message = messageOf(error);
      this.end(op, { ok: false, why: 'failed', message });
      throw error instanceof TsgunError
        ? new TsgunError(error.code, message, { cause: error, detail: { op, ...error.detail } })
        : error;
    }
  }

  /** Undefined for one that never was, or is too long ago. */
  join(op: number, watcher: Watcher): Promise<Outcome> | undefined {
    const ended = this.#ended.get(op);
    const record = ended ?? this.#running.get(op);
    if (!record) return undefined;
    watcher(record.last);
    if ('outcome' in record) return Promise.resolve(record.outcome);
    record.watchers.add(watcher);
    return record.ended.promise;
  }

  running(): { op: number; method: string; phase: string; text: string; ageMs: number }[] {
    const now = this.#now();
    return [...this.#running.values()].map(({ last, startedAt }) => {
      const { op, method, phase, text } = last;
      return { op, method, phase, text, ageMs: Math.round(now - startedAt) };
    });
  }
}

/** Whether its result says what happened to each worker. */
function tellsWorkers(method: string): boolean {
  const fields: unknown = methods[method as MethodName]?.result.json['required'];
  return Array.isArray(fields) && fields.includes('workers');
}

/** The end of an operation as a caller gets it. */
export function unwrap(outcome: Outcome): Record<string, unknown> {
  if (outcome.ok) return outcome.result;
  const code = outcome.why === 'conflict' ? 'TSGUN_E_CONFLICT' : 'TSGUN_E_OPERATION';
  throw new TsgunError(code, outcome.message, { detail: { ...outcome.detail } });
}

const noSteps = { done: null, total: null };
