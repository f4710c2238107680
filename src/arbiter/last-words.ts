import type { ChildId } from './state.ts';

/** Buried children of whom a gateway may still tell something. */
const mostBuried = 100;

/** What was under way in children that die, by their own words or by those of their gateway. */
export class LastWords {
  readonly #pids = new Map<ChildId, number>();
  readonly #buried = new Set<ChildId>();
  readonly #words = new Map<number, string[]>();
  readonly #onLate: (pid: number, lines: string[]) => void;

  /** `onLate` hears what comes after the death. */
  constructor(onLate: (pid: number, lines: string[]) => void) {
    this.#onLate = onLate;
  }

  born(child: ChildId, pid: number): void {
    this.#pids.set(child, pid);
  }

  hear(child: ChildId, lines: string[]): void {
    const pid = this.#pids.get(child);
    if (pid === undefined) return;
    if (this.#buried.has(child)) this.#onLate(pid, lines);
    else this.#words.set(pid, lines);
  }

  take(pid: number): string[] {
    const words = this.#words.get(pid) ?? [];
    this.#words.delete(pid);
    return words;
  }

  buried(child: ChildId): void {
    this.#buried.add(child);
    for (const oldest of this.#buried) {
      if (this.#buried.size <= mostBuried) return;
      this.#buried.delete(oldest);
      this.#pids.delete(oldest);
    }
  }
}
