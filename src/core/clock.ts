/** The only source of time. All deadlines are monotonic milliseconds from `now`. */
export interface Clock {
  /** Monotonic milliseconds; never jumps with the wall clock. */
  now(): number;
  /** Milliseconds since the epoch, for log lines only. */
  wallTime(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
