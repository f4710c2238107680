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

interface OperationRecord {
  op: number;
  method: string;
  startedAt: number;
  last: ProgressView;
  changes: Map<string, WorkerOutcome>;
  watchers: Set<Watcher>;
  ended: Deferred<Outcome>;
  running: boolean;
  complete: Complete;
}

/** What the shell knows of operations: who waits for them, how far they are, and how they ended. */
export class OperationRecords {
  readonly #now: () => number;
  readonly #records = new Map<number, OperationRecord>();
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
    this.#records.set(op, {
      op,
      method,
      startedAt: this.#now(),
      last,
      changes: new Map(),
      watchers: new Set([watcher]),
      ended,
      running: true,
      complete,
    });
    return { op, ended: ended.promise };
  }

  progress({ op, phase, text, change, steps }: Progress): void {
    const record = this.#records.get(op);
    if (!record?.running) return;
    if (change) record.changes.set(`${change.slot} ${change.pid}`, change);
    const { method, last } = record;
    const slot = change?.slot ?? null;
    record.last = { op, method, seq: last.seq + 1, phase, text, slot, ...(steps ?? noSteps) };
    for (const watcher of record.watchers) watcher(record.last);
  }

  end(op: number, outcome: Outcome): void {
    const record = this.#records.get(op);
    if (!record?.running) return;
    const workers = [...record.changes.values()].toSorted((a, b) => a.slot - b.slot);
    record.running = false;
    record.watchers.clear();
    const told = tellsWorkers(record.method) ? { op, workers } : { op };
    record.ended.resolve(
      outcome.ok
        ? { ok: true, result: record.complete({ ...told, ...outcome.result }) }
        : { ...outcome, detail: { op, workers, ...outcome.detail } },
    );
    this.#forget();
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
    const record = this.#records.get(op);
    if (!record) return undefined;
    watcher(record.last); // also of one that is over, because it tells the method
    if (record.running) record.watchers.add(watcher);
    return record.ended.promise;
  }

  running(): { op: number; method: string; phase: string; text: string; ageMs: number }[] {
    const now = this.#now();
    return [...this.#records.values()]
      .filter(({ running }) => running)
      .map(({ op, method, last, startedAt }) => {
        const ageMs = Math.round(now - startedAt);
        return { op, method, phase: last.phase, text: last.text, ageMs };
      });
  }

  #forget(): void {
    const ended = [...this.#records.values()].filter(({ running }) => !running);
    for (const { op } of ended.slice(0, Math.max(0, ended.length - mostEnded))) {
      this.#records.delete(op);
    }
  }
}

/** Whether its result says what happened to each worker. */
const tellsWorkers = (method: string): boolean =>
  JSON.stringify(methods[method as MethodName]?.result.json['required'] ?? []).includes('workers');

/** The end of an operation as a caller gets it. */
export function unwrap(outcome: Outcome): Record<string, unknown> {
  if (outcome.ok) return outcome.result;
  const code = outcome.why === 'conflict' ? 'TSGUN_E_CONFLICT' : 'TSGUN_E_OPERATION';
  throw new TsgunError(code, outcome.message, { detail: { ...outcome.detail } });
}

const noSteps = { done: null, total: null };
