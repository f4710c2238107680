import type { Clock } from '../core/clock.ts';
import { createFleet } from '../metrics/fleet.ts';
import type { Beat } from '../protocol/worker.ts';
import { DeathLog } from './death-log.ts';
import type { Notice } from './event.ts';
import { History } from './history.ts';
import { OperationRecords } from './operation-record.ts';
import { Queues } from './queues.ts';
import type { ChildId } from './state.ts';

/** What an instance remembers for those who ask; nothing is decided from it. */
export class Records {
  readonly operations: OperationRecords;
  readonly deaths = new DeathLog();
  readonly history = new History();
  /** Rates and latencies of the workers. */
  readonly fleet = createFleet<ChildId>();
  readonly queues = new Queues();
  readonly #clock: Clock;
  readonly #lastWords: (pid: number) => string[];

  /** `lastWords` gives what a worker could still tell of its requests when it died. */
  constructor(clock: Clock, lastWords: (pid: number) => string[]) {
    this.#clock = clock;
    this.#lastWords = lastWords;
    this.operations = new OperationRecords(() => clock.now());
  }

  /** `front`: it takes connections, so that its requests are those of clients. */
  onBeat(child: ChildId, beat: Beat, front: boolean): void {
    this.fleet.beat(child, beat, this.#clock.now(), front);
    if (beat.queued !== undefined) this.queues.beat(child, beat);
  }

  onGone(child: ChildId): void {
    this.fleet.gone(child, this.#clock.now());
    this.queues.gone(child);
  }

  onNotice(notice: Notice): void {
    const at = this.#clock.wallTime();
    if ('tail' in notice) this.deaths.add(notice, at, this.#lastWords(notice.pid));
    this.history.onNotice(notice, at);
  }
}
