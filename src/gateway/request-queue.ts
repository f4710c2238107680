/** Of what can wait: its place, which is the queue's business only, and since when (monotonic ms). */
export interface Queued {
  place: number;
  since: number;
}

/** First in, first out; whoever comes back goes to the head. Leaving costs nothing, wherever one stands. */
export class RequestQueue<T extends Queued> {
  #items: (T | undefined)[] = [];
  #head = 0;
  #length = 0;
  /** The place of the first item: places count on when items before it are forgotten. */
  #base = 0;

  get length(): number {
    return this.#length;
  }

  /** The one that waits longest. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    item.place = this.#base + this.#items.length;
    this.#items.push(item);
    this.#length += 1;
  }

  unshift(item: T): void {
    if (this.#head > 0) {
      this.#head -= 1;
      this.#items[this.#head] = item;
    } else {
      this.#items.unshift(item);
      this.#base -= 1;
    }
    item.place = this.#base + this.#head;
    this.#length += 1;
  }

  shift(): T | undefined {
    const item = this.first;
    if (item) this.delete(item);
    return item;
  }

  /** False when it is not here. */
  delete(item: T): boolean {
    const at = item.place - this.#base;
    if (this.#items[at] !== item) return false;
    this.#items[at] = undefined;
    this.#length -= 1;
    this.#skip();
    return true;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#items.length; at += 1) {
      const item = this.#items[at];
      if (item !== undefined) yield item;
    }
  }

  /** The first place is always one where somebody is. */
  #skip(): void {
    const { length } = this.#items;
    while (this.#head < length && this.#items[this.#head] === undefined) this.#head += 1;
    if (this.#head === length || (this.#head > 1024 && this.#head * 2 > length)) this.#forget();
  }

  #forget(): void {
    this.#items.splice(0, this.#head);
    this.#base += this.#head;
    this.#head = 0;
  }
}
