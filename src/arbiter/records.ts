import type { Clock } from '../core/clock.ts';
import { createFleet } from '../metrics/fleet.ts';
import { DeathLog } from './death-log.ts';
import type { Notice } from './event.ts';
import { History } from './history.ts';
import { OperationRecords } from './operation-record.ts';
import type { ChildId } from './state.ts';

/** What an instance remembers for those who ask; nothing is decided from it. */
export class Records {
  readonly operations: OperationRecords;
  readonly deaths = new DeathLog();
  readonly history = new History();
  /** Rates and latencies of the workers. */
  readonly fleet = createFleet<ChildId>();
  readonly #clock: Clock;
  readonly #lastWords: (pid: number) => string[];

  /** `lastWords` gives what a worker could still tell of its requests when it died. */
  constructor(clock: Clock, lastWords: (pid: number) => string[]) {
    this.#clock = clock;
    this.#lastWords = lastWords;
    this.operations = new OperationRecords(() => clock.now());
  }

  onNotice(notice: Notice): void {
    const at = this.#clock.wallTime();
    if (notice.notice === 'worker-exited') this.deaths.add(notice, at, this.#lastWords(notice.pid));
    this.history.onNotice(notice, at);
  }
}
