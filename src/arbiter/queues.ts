import type { Beat } from '../protocol/worker.ts';
import type { ChildId } from './state.ts';

/** What gateways count beyond what every child counts. */
export interface QueueCounts {
  queued: number;
  refused: number;
  longLived: number;
  leaving: number;
}

const nothing: QueueCounts = { queued: 0, refused: 0, longLived: 0, leaving: 0 };

/** The queues of all gateways, as of their last beats. */
export class Queues {
  readonly #counts = new Map<ChildId, QueueCounts>();
  /** By those that have left. */
  #refused = 0;

  beat(child: ChildId, beat: Beat): void {
    const { queued = 0, refused = 0, longLived = 0, leaving = 0 } = beat;
    this.#counts.set(child, { queued, refused, longLived, leaving });
  }

  gone(child: ChildId): void {
    this.#refused += this.#counts.get(child)?.refused ?? 0;
    this.#counts.delete(child);
  }

  get total(): QueueCounts {
    const total = { ...nothing, refused: this.#refused };
    for (const { queued, refused, longLived, leaving } of this.#counts.values()) {
      total.queued += queued;
      total.refused += refused;
      total.longLived += longLived;
      total.leaving += leaving;
    }
    return total;
  }
}
