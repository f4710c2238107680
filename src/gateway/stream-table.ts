import type { Stream } from './stream.ts';

/** The lower part of a stream's number is its place, the upper one tells it from those before it there. */
const placeBits = 16;
/** At a time, on one connection. */
export const mostStreams = 2 ** placeBits;
const mostUses = 2 ** (32 - placeBits);

/** The streams of a connection. A Map of them would keep the dead alive: see core/roster. */
export class StreamTable {
  size = 0;
  readonly #streams: (Stream | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #uses: number[] = [];

  /** A number that no stream has, and none had lately. */
  reserve(): number {
    const place = this.#free.pop() ?? this.#streams.length;
    if (place >= mostStreams) throw new Error('too many streams');
    const use = ((this.#uses[place] ?? 0) + 1) % mostUses || 1;
    this.#uses[place] = use;
    this.#streams[place] = undefined;
    return use * mostStreams + place;
  }

  add(stream: Stream): void {
    this.#streams[stream.id % mostStreams] = stream;
    this.size += 1;
  }

  get(id: number): Stream | undefined {
    const stream = this.#streams[id % mostStreams];
    return stream?.id === id ? stream : undefined;
  }

  /** False when it is not here. */
  delete(stream: Stream): boolean {
    const place = stream.id % mostStreams;
    if (this.#streams[place] !== stream) return false;
    this.#streams[place] = undefined;
    this.#free.push(place);
    this.size -= 1;
    return true;
  }

  /** Takes all of them out. */
  clear(): Stream[] {
    const all = [...this];
    for (const stream of all) this.delete(stream);
    return all;
  }

  *[Symbol.iterator](): Generator<Stream> {
    for (const stream of this.#streams) if (stream) yield stream;
  }
}
