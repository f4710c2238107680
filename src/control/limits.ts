export interface Limits {
  /** Longest line a caller may send, in bytes. */
  lineBytes: number;
  connections: number;
  /** Requests of one connection that are not answered yet. */
  inFlight: number;
  /** Requests in one batch. */
  batch: number;
  /** What may wait to be written to one connection before nothing more is read from it. */
  queueBytes: number;
  /** Events, and log lines, that are kept for replay. */
  remembered: number;
  rememberedBytes: number;
  /** How long the end waits for slow readers. */
  closeMs: number;
}

export const defaultLimits: Limits = {
  lineBytes: 1024 * 1024,
  connections: 256,
  inFlight: 32,
  batch: 128,
  queueBytes: 256 * 1024,
  remembered: 1000,
  rememberedBytes: 1024 * 1024,
  closeMs: 1000,
};
