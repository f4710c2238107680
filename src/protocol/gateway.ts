import type { AccessLogTarget, InheritedListener } from './worker.ts';

/** What a gateway needs to know, told once over the channel after it was spawned. */
export interface GatewayStart {
  type: 'start';
  role: 'gateway';
  slot: number;
  generation: number;
  procName: string;
  listeners: InheritedListener[];
  backlog: number;
  /** It listens for workers here, on a descriptor that it inherited. */
  link: { fd: number; token: string };
  identity: { uid: number; gid: number; groups: number[] } | null;
  umask: number | null;
  keepaliveMs: number;
  limits: { requestLine: number; requestFields: number; requestFieldSize: number };
  beatIntervalMs: number;
  /** It accepts nothing until `unpause`. */
  paused: boolean;
  /** Of clients, to all its workers together. */
  mostConnections: number;
  access: AccessLogTarget | null;
  queue: { limit: number; timeoutMs: number };
  /** From the dispatch of a request to the end of its answer; 0 is never. */
  requestTimeoutMs: number;
  /** Memory for each request and answer before a temporary file takes the rest, and that file's limit. */
  buffers: {
    bodyMemory: number;
    /** Longest request body; 0 unlimited. */
    mostBody: number;
    responseMemory: number;
    mostResponse: number;
    folder: string;
  };
  /** Clients with a WebSocket or an event stream are sent away within this time when their worker leaves. */
  drainLongMs: number;
  /** `/static/` of the path is a folder. */
  statics: { prefix: string; folder: string }[];
  /** Whose word counts about scheme and address: Gunicorn's forwarded_allow_ips and company. */
  forwarded: {
    allowIps: string[];
    secureSchemeHeaders: Record<string, string>;
    forwarderHeaders: string[];
    headerMap: 'drop' | 'refuse' | 'dangerous';
  };
  /** Of a WebSocket. */
  mostMessageBytes: number;
}

/** Beside what every child tells (protocol/worker). */
export type FromGateway =
  /** A request took longer than `request_timeout` and was answered 504. */
  | { type: 'overdue'; child: number; method: string; path: string; ageMs: number }
  /** A worker died with these under way: `GET /path for 12 ms`. */
  | { type: 'lost'; child: number; requests: string[] }
  /** What a worker sent on the link is no sense: it has to be replaced. */
  | { type: 'broken'; child: number; why: string };
