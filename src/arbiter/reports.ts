import type { RequestReport } from '../protocol/worker.ts';
import type { ChildId } from './state.ts';

/** Questions to children about their requests that are not answered yet. */
export class Reports {
  readonly #delay: (ms: number) => Promise<void>;
  readonly #waiting = new Map<string, (requests: RequestReport[]) => void>();
  #last = 0;

  constructor(delay: (ms: number) => Promise<void>) {
    this.#delay = delay;
  }

  /** Null when it does not answer within `budgetMs`. */
  async ask(
    child: ChildId,
    send: (message: { type: 'report'; id: number }) => void,
    budgetMs: number,
  ): Promise<RequestReport[] | null> {
    this.#last += 1;
    const key = `${child} ${this.#last}`;
    const answer = new Promise<RequestReport[]>((resolve) => this.#waiting.set(key, resolve));
    send({ type: 'report', id: this.#last });
    try {
      return await Promise.race([answer, this.#delay(budgetMs).then(() => null)]);
    } finally {
      this.#waiting.delete(key);
    }
  }

  hear(child: ChildId, id: number, requests: RequestReport[]): void {
    this.#waiting.get(`${child} ${id}`)?.(requests);
  }
}
