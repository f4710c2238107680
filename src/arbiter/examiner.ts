export interface Findings {
  stack: string;
  /** `GET /path for 12 ms`. */
  inFlight: string[];
}

/** Finds out what a child is doing, from outside whatever it does. */
export interface Examiner {
  /** Of one that hangs, and is not to be spared; words for the log, never rejects. */
  autopsy(signal: AbortSignal): Promise<string>;
  /** Without harm to it. Rejects with TSGUN_E_OPERATION. */
  takeStack(signal: AbortSignal): Promise<Findings>;
  /** Sees each line on stderr; true when it is for nobody else. */
  hear(line: string): boolean;
}
