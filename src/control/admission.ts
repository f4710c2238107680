import { TsgunError } from '../core/errors.ts';
import type { Connection } from './connection.ts';

/** The open connections. A full house still lets everybody in: who holds most of it pays for that. */
export class Admission {
  readonly #most: number;
  /** In the order they came. */
  readonly #connections = new Set<Connection>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#connections.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }

  /** Gives the connection that had to go for it, if one had to. */
  add(connection: Connection): Connection | null {
    const victim = this.#connections.size >= this.#most ? this.#chooseVictim() : null;
    if (victim) {
      this.#connections.delete(victim);
      const message = `Cannot keep this connection: ${this.#most} are open, and it was idle or of the process that has most`;
      victim.cut(new TsgunError('TSGUN_E_BUSY', message));
    }
    this.#connections.add(connection);
    return victim;
  }

  delete(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** The oldest idle connection of the process that holds most, else the oldest of that process. */
  #chooseVictim(): Connection | null {
    const byPid = Map.groupBy(this.#connections, ({ peer }) => peer.pid);
    let held: Connection[] = [];
    for (const connections of byPid.values())
      if (connections.length > held.length || isBetter(connections, held)) held = connections;
    return held.find(({ isIdle }) => isIdle) ?? held[0] ?? null;
  }
}

/** Of two that hold as many, the one that has something idle. */
const isBetter = (some: readonly Connection[], than: readonly Connection[]): boolean =>
  some.length === than.length &&
  some.some(({ isIdle }) => isIdle) &&
  !than.some(({ isIdle }) => isIdle);
