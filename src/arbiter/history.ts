import type { LastReload } from '../protocol/control/views.ts';
import type { Notice } from './event.ts';

/** What became of the reloads so far. */
export class History {
  readonly reloads = { done: 0, failed: 0, rolledBack: 0 };
  lastReload: LastReload | null = null;
  readonly #reasons = new Map<number, string>();

  /** The words of whoever asked for a reload. */
  explain(generation: number, reason: string): void {
    const { lastReload } = this;
    if (lastReload?.generation !== generation) this.#reasons.set(generation, reason);
    else if (lastReload.outcome === 'done') this.lastReload = { ...lastReload, reason };
  }

  /** `at` is milliseconds since the epoch. */
  onNotice(notice: Notice, at: number): void {
    switch (notice.notice) {
      case 'reload-done':
        this.reloads.done += 1;
        return this.#end('done', notice.generation, this.#reasons.get(notice.generation), at);
      case 'reload-failed':
        this.reloads.failed += 1;
        return this.#end('failed', notice.generation, notice.reason, at);
      case 'rolled-back':
        this.reloads.rolledBack += 1;
        return this.#end('rolled-back', notice.generation, notice.reason, at);
      default:
    }
  }

  #end(outcome: LastReload['outcome'], generation: number, reason: string | undefined, at: number) {
    this.lastReload = { outcome, generation, reason: reason ?? null, at };
    this.#reasons.delete(generation);
  }
}
