import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request that is over, as it was served; cheap to make, because there is one for each. */
export interface AccessRecord {
  req: IncomingMessage;
  res: ServerResponse;
  /** Null behind a Unix socket; kept because a closed socket has forgotten it. */
  remoteAddress: string | null;
  /** Milliseconds since the epoch. */
  startedAt: number;
  durationMs: number;
  /** Of the body. */
  bytes: number;
  /** The client went away before the answer was complete. */
  aborted: boolean;
  slot: number;
}
