/** One request that has begun and is not over. */
export interface InFlightRequest {
  method: string;
  /** Without the query, which may hold secrets. */
  path: string;
  /** `1.2.3.4:5678`; null behind a Unix socket, and when the client has left. */
  client: string | null;
  ageMs: number;
}

/** For a log line or a death record: `GET /path for 1200 ms`. */
export const describeInFlight = ({ method, path, ageMs }: InFlightRequest): string =>
  `${method} ${path} for ${ageMs} ms`;
