/** First in, first out; whoever comes back goes to the head. Leaving costs nothing, wherever one stands. */
export class RequestQueue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;
  readonly #places = new Map<T, number>();
  /** Of the first item: places count on from here when items are put before it. */
  #base = 0;

  get length(): number {
    return this.#places.size;
  }

  /** The one that waits longest. */
  get first(): T | undefined {
    this.#skip();
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#places.set(item, this.#base + this.#items.length);
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#head > 0) {
      this.#head -= 1;
      this.#items[this.#head] = item;
    } else {
      this.#items.unshift(item);
      this.#base -= 1;
    }
    this.#places.set(item, this.#base + this.#head);
  }

  shift(): T | undefined {
    const item = this.first;
    if (item !== undefined) this.delete(item);
    return item;
  }

  /** False when it is not here. */
  delete(item: T): boolean {
    const place = this.#places.get(item);
    if (place === undefined) return false;
    this.#places.delete(item);
    this.#items[place - this.#base] = undefined;
    this.#skip();
    return true;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#items.length; at += 1) {
      const item = this.#items[at];
      if (item !== undefined) yield item;
    }
  }

  #skip(): void {
    const { length } = this.#items;
    while (this.#head < length && this.#items[this.#head] === undefined) this.#head += 1;
    if (this.#head === length && length > 0) this.#forget(length);
    else if (this.#head > 1024 && this.#head * 2 > length) this.#forget(this.#head);
  }

  #forget(count: number): void {
    this.#items = this.#items.slice(count);
    this.#base += count;
    this.#head = 0;
  }
}
