import type { ChildOrder } from './child-command.ts';
import type { Findings } from './examiner.ts';
import type { Generation } from './generation.ts';
import { type Birth, Nursery, type NurseryOptions } from './nursery.ts';
import type { ChildId } from './state.ts';

export const isPreloaded = ({ language, settings }: Generation): boolean =>
  language === 'python' && settings.preloadApp;

/** The nurseries of all generations that preload their app, and who is not born yet. */
export class Nurseries {
  readonly #options: NurseryOptions;
  readonly #nurseries = new Map<number, Nursery>();
  readonly #unborn = new Map<ChildId, Nursery>();

  constructor(options: NurseryOptions) {
    this.#options = options;
  }

  /** Undefined when the child was forgotten meanwhile. */
  async bear(
    child: ChildId,
    { number }: Generation,
    { request, start }: ChildOrder,
  ): Promise<Birth | undefined> {
    const nursery = this.#nurseries.get(number) ?? new Nursery(this.#options);
    this.#nurseries.set(number, nursery);
    this.#unborn.set(child, nursery);
    const birth = await nursery.fork(child, request, start);
    if (this.#unborn.delete(child)) return birth;
    if (birth.outcome === 'born') birth.worker.kill('SIGKILL');
    return undefined;
  }

  forget(child: ChildId): void {
    this.#unborn.get(child)?.forget(child);
    this.#unborn.delete(child);
  }

  /** What keeps a child from being born; null when it is none of ours. */
  takeStack(child: ChildId, budgetMs: number): Promise<Findings> | null {
    return this.#unborn.get(child)?.takeStack(budgetMs) ?? null;
  }

  /** The same, of one that hangs: the nursery is ended, and with it whoever waits for it. */
  autopsy(child: ChildId, budgetMs: number): Promise<string> | null {
    const nursery = this.#unborn.get(child);
    return nursery ? nursery.autopsy(budgetMs) : null;
  }

  release(generation: number): void {
    this.#nurseries.get(generation)?.close();
    this.#nurseries.delete(generation);
  }
}
