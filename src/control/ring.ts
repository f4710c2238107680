export interface Entry {
  seq: number;
  /** Position of its level; 0 where there are none. */
  rank: number;
  /** The notification, ready to be written to any number of subscribers. */
  line: Buffer;
}

/** The last entries of a stream, bounded in number and in bytes. */
export class Ring {
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #seq = 0;

  constructor(most: number, mostBytes: number) {
    this.#most = most;
    this.#mostBytes = mostBytes;
  }

  /** Number of the last one there was. */
  get seq(): number {
    return this.#seq;
  }

  /** Number of the last one that is not remembered any more. */
  get forgotten(): number {
    return this.#seq - this.#entries.length;
  }

  push(rank: number, render: (seq: number) => string): void {
    this.#seq += 1;
    const line = Buffer.from(render(this.#seq));
    this.#entries.push({ seq: this.#seq, rank, line });
    this.#bytes += line.length;
    while (this.#entries.length > this.#most || this.#bytes > this.#mostBytes) this.#forget();
  }

  /** In order, those that came after a number. */
  *after(seq: number): Generator<Entry> {
    for (let next = Math.max(seq, this.forgotten) + 1; next <= this.#seq; next += 1) {
      const entry = this.#entries[next - this.forgotten - 1];
      if (entry) yield entry;
    }
  }

  /** Number before the last `count` ones of at least a rank, as far as they are remembered. */
  before(count: number, rank: number): number {
    let missing = count;
    for (let index = this.#entries.length - 1; index >= 0 && missing > 0; index -= 1) {
      const entry = this.#entries[index];
      if (entry && entry.rank >= rank) missing -= 1;
      if (entry && missing === 0) return entry.seq - 1;
    }
    return missing === 0 ? this.#seq : this.forgotten;
  }

  #forget(): void {
    this.#bytes -= this.#entries.shift()?.line.length ?? 0;
  }
}
