import type { LogLevel } from '../core/logger.ts';

/** A listening descriptor that a child inherited. */
export interface InheritedListener {
  fd: number;
  /** What the user asked for, canonical: `127.0.0.1:8000`, `[::1]:80`, `unix:/run/app.sock`. */
  address: string;
}

/** What a Node worker needs to know, told once over the channel after it was spawned. */
export interface WorkerStart {
  type: 'start';
  slot: number;
  generation: number;
  /** `serve`, or `check`: load the app, say `ready`, and leave. */
  purpose: 'serve' | 'check';
  app: string;
  procName: string;
  listeners: InheritedListener[];
  backlog: number;
  identity: { uid: number; gid: number; groups: number[] } | null;
  /** Null: as inherited. */
  umask: number | null;
  keepaliveMs: number;
  workerConnections: number;
  limits: { requestLine: number; requestFields: number; requestFieldSize: number };
  beatIntervalMs: number;
  /** It accepts nothing until `unpause`. */
  paused: boolean;
  /** Requests after which the worker asks to be replaced; 0 is never. */
  requestLimit: number;
  gracefulTimeoutMs: number;
  access: AccessLogTarget | null;
  spew: boolean;
  /** Script config whose worker-side hooks are to be run, if it has any. */
  hooksFrom: { path: string; names: string[]; timeoutMs: number } | null;
}

export interface AccessLogTarget {
  /** A path the worker opens for appending, or a descriptor it inherited. */
  to: { path: string } | { fd: number };
  /** Gunicorn's `%(atom)s` format, or `json`. */
  format: string;
}

/** How long idle keep-alive connections may stay: to their own time-out, or just for what is under way. */
export type Linger = 'keepalive' | 'brief';

export type ToWorker =
  | WorkerStart
  | {
      type: 'drain';
      /** Keeps accepting until the queue is empty: nobody else will (`stop`), or stops at once. */
      emptyBacklog: boolean;
      linger: Linger;
      graceMs: number;
    }
  | { type: 'quit' }
  | { type: 'reopen-logs' }
  /** Out of rotation, but alive: as a drain, and then it waits. Answered by `parked`. */
  | { type: 'park'; linger: Linger; graceMs: number }
  /** Back into rotation. Answered by `unparked`. */
  | { type: 'unpark' }
  /** Accept nothing; connections that are there go on. */
  | { type: 'pause' }
  | { type: 'unpause' }
  /** Tell the requests in flight. Answered by `requests` with the same id. */
  | { type: 'report'; id: number }
  /** After a stack was taken through it. */
  | { type: 'close-inspector' };

export type FailureKind = 'app' | 'boot';

export interface Beat {
  type: 'beat';
  inFlight: number;
  /** Requests answered since the worker started. */
  requests: number;
  connections: number;
  rssBytes: number;
  /** Longest delay of the event loop since the last beat, milliseconds. */
  lagMs: number;
  /** Processor time of the process since its start, milliseconds. */
  cpuMs: number;
  /** How long requests took since the last beat: bucket, count, bucket, count ... (metrics/latency). */
  latencies: number[];
  /** From a gateway: requests that wait for a worker. */
  queued?: number;
  /** Requests that it has turned away since it started. */
  refused?: number;
  /** WebSockets and event streams, and those of them that are still to be sent away. */
  longLived?: number;
  leaving?: number;
}

export interface RequestReport {
  method: string;
  /** Without the query, which may hold secrets. */
  path: string;
  client: string | null;
  ageMs: number;
  /** From a gateway: which worker has it; null while it waits for one. */
  child?: number | null;
}

export type FromWorker =
  | { type: 'ready'; kind: string; note?: string }
  | { type: 'failed'; kind: FailureKind; message: string; stack?: string }
  | Beat
  /** The worker was signalled by somebody else and asks to be replaced. */
  | { type: 'leaving'; why: string }
  | { type: 'drained' }
  /** Nothing is under way any more, and no connection is left. */
  | { type: 'parked' }
  | { type: 'unparked' }
  | { type: 'requests'; id: number; requests: RequestReport[] }
  | { type: 'log'; level: LogLevel; message: string };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;

/** Checks what a child says: an app can write to the channel, so nothing here is trusted. */
export function parseFromWorker(message: unknown): FromWorker | undefined {
  if (!isRecord(message)) return undefined;
  const { type } = message;
  if (typeof type !== 'string' || !Object.hasOwn(parsers, type)) return undefined;
  return parsers[type as FromWorker['type']](message);
}

const text = (value: unknown, limit: number): string | undefined =>
  typeof value === 'string' ? value.slice(0, limit) : undefined;

const textLimit = 64 * 1024;

/** Buckets and their counts; more than any histogram has. */
const mostLatencies = 1024;

/** More are nobody's reading. */
const mostRequests = 1000;

function parseRequest(request: unknown): RequestReport[] {
  if (!isRecord(request)) return [];
  const { method, path, client, ageMs, child } = request;
  if (typeof method !== 'string' || typeof path !== 'string' || !isCount(ageMs)) return [];
  return [
    {
      method: method.slice(0, 100),
      path: path.slice(0, 1000),
      client: text(client, 100) ?? null,
      ageMs,
      ...((isCount(child) || child === null) && { child }),
    },
  ];
}

/** What gateways count as well. */
function optionalCounts(m: Record<string, unknown>): Partial<Beat> {
  const { queued, refused, longLived, leaving } = m;
  return {
    ...(isCount(queued) && { queued }),
    ...(isCount(refused) && { refused }),
    ...(isCount(longLived) && { longLived }),
    ...(isCount(leaving) && { leaving }),
  };
}

const parsers: {
  [T in FromWorker['type']]: (m: Record<string, unknown>) => FromWorker | undefined;
} = {
  ready(m) {
    const note = text(m['note'], textLimit);
    return { type: 'ready', kind: text(m['kind'], 100) ?? 'app', ...(note && { note }) };
  },
  failed(m) {
    const stack = text(m['stack'], textLimit);
    const message = text(m['message'], textLimit) ?? 'the worker gave no reason';
    return {
      type: 'failed',
      kind: m['kind'] === 'app' ? 'app' : 'boot',
      message,
      ...(stack && { stack }),
    };
  },
  beat(m) {
    const { inFlight, requests, connections, rssBytes, lagMs, cpuMs, latencies } = m;
    if (!isCount(inFlight) || !isCount(requests) || !isCount(connections)) return undefined;
    if (!isCount(rssBytes) || !isCount(lagMs) || !isCount(cpuMs)) return undefined;
    if (!Array.isArray(latencies) || latencies.length > mostLatencies) return undefined;
    if (!latencies.every(isCount)) return undefined;
    return {
      type: 'beat',
      ...{ inFlight, requests, connections, rssBytes, lagMs, cpuMs, latencies },
      ...optionalCounts(m),
    };
  },
  leaving: (m) => ({ type: 'leaving', why: text(m['why'], 100) ?? 'wants to leave' }),
  drained: () => ({ type: 'drained' }),
  parked: () => ({ type: 'parked' }),
  unparked: () => ({ type: 'unparked' }),
  requests({ id, requests }) {
    if (!isCount(id) || !Array.isArray(requests)) return undefined;
    return {
      type: 'requests',
      id,
      requests: requests.slice(0, mostRequests).flatMap(parseRequest),
    };
  },
  log(m) {
    const level = m['level'];
    const message = text(m['message'], textLimit);
    if (message === undefined) return undefined;
    return { type: 'log', level: isLevel(level) ? level : 'info', message };
  },
};

const isLevel = (value: unknown): value is LogLevel =>
  value === 'debug' ||
  value === 'info' ||
  value === 'warning' ||
  value === 'error' ||
  value === 'critical';
