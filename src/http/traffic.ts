import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { AccessRecord } from '../log/access-record.ts';
import { Connection } from './connection.ts';
import { findExcess, type Limits, refuse } from './limits.ts';

export interface TrafficOptions {
  slot: number;
  /** How long an idle connection is kept; 0 closes after each answer. */
  keepaliveMs: number;
  limits: Limits;
  /** Called for each request that is over, if an access log is kept. */
  record: ((record: AccessRecord) => void) | null;
  preRequest: ((req: IncomingMessage) => void) | null;
  postRequest: ((req: IncomingMessage, res: ServerResponse) => void) | null;
  /** Called after each request with the number so far. */
  onRequest(requests: number): void;
  onConnections(count: number): void;
}

interface InFlight {
  req: IncomingMessage;
  connection: Connection | undefined;
  begun: number;
  /** What the socket had sent before this answer. */
  sentBefore: number;
  remoteAddress: string | null;
}

const requestEvents: ReadonlySet<string> = new Set([
  'request',
  'checkContinue',
  'checkExpectation',
]);

/** What Node sets on a server whose app has not thought about it. */
const nodeKeepaliveMs = 5000;

/** Sees all that goes through a server of the app, and changes nothing but what it must. */
export class Traffic {
  readonly connections = new Map<Socket, Connection>();
  requests = 0;
  readonly #options: TrafficOptions;
  readonly #inFlight = new Map<ServerResponse, InFlight>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #draining = false;
  /** Every answer ends its connection. */
  #closing: boolean;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#closing = options.keepaliveMs === 0;
    // Cheaper than a listener on each response: together, all of this is to cost 3 % of a request.
    subscribe('http.server.response.finish', (message) => {
      this.#end((message as { response: ServerResponse }).response);
    });
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** `GET /path for 1200 ms`, without the query, which may hold secrets. */
  describeInFlight(): string[] {
    const now = performance.now();
    return [...this.#inFlight.values()].map(({ req, begun }) => {
      const path = req.url?.split('?', 1)[0]?.slice(0, 1000);
      return `${req.method} ${path} for ${Math.round(now - begun)} ms`;
    });
  }

  /** Answers that have not sent their head yet tell the client that the connection ends. */
  closeAfterAnswers(): void {
    this.#draining = true;
    this.#closing = true;
    for (const res of this.#inFlight.keys()) if (!res.headersSent) res.shouldKeepAlive = false;
    for (const session of this.#sessions) session.close();
  }

  /**
   * Looks at what the server emits, because listeners can be added and removed at any time and
   * libraries such as engine.io do so.
   */
  instrument(server: Server): void {
    this.#applySettings(server);
    const emit = server.emit;
    // A TLS server speaks to its clients on sockets of its own.
    const connected =
      server.listenerCount('secureConnection') > 0 ? 'secureConnection' : 'connection';
    server.emit = ((event: string, ...args: unknown[]): boolean => {
      const [first, second] = args;
      if (requestEvents.has(event)) {
        if (!this.#begin(first as IncomingMessage, second as ServerResponse)) return true;
      } else if (event === connected) {
        this.#connect(first as Socket);
      } else if (event === 'upgrade' || event === 'connect') {
        this.#upgrade(first as IncomingMessage, second as Socket);
      } else if (event === 'session') {
        this.#openSession(first as ServerHttp2Session);
      }
      return emit.call(server, event, ...args);
    }) as typeof emit;
  }

  #applySettings(server: Server): void {
    const { keepaliveMs, limits } = this.#options;
    if (server.keepAliveTimeout === nodeKeepaliveMs || !server.keepAliveTimeout) {
      server.keepAliveTimeout = keepaliveMs;
    }
    // Node would silently drop fields beyond the limit; we count them, and refuse.
    server.maxHeadersCount = limits.requestFields + 1;
  }

  #connect(socket: Socket): void {
    const { onConnections } = this.#options;
    const connection = new Connection(socket, performance.now());
    this.connections.set(socket, connection);
    onConnections(this.connections.size);
    socket.once('close', () => {
      this.connections.delete(socket);
      if (connection.active > 0) this.#abandon(connection);
      onConnections(this.connections.size);
    });
  }

  /** Node never closes an answer that was queued behind another one of the same client. */
  #abandon(connection: Connection): void {
    for (const [res, entry] of this.#inFlight) if (entry.connection === connection) this.#end(res);
  }

  /** HTTP/2 says goodbye for the whole session, and ends it after its last stream. */
  #openSession(session: ServerHttp2Session): void {
    if (this.#draining) return session.close();
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
  }

  #upgrade(req: IncomingMessage, socket: Socket): void {
    const connection = this.connections.get(socket) ?? this.connections.get(req.socket);
    if (connection) connection.upgraded = true;
  }

  /** False when the request was refused, and the app is not to see it. */
  #begin(req: IncomingMessage, res: ServerResponse): boolean {
    if (this.#inFlight.has(res)) return true; // an expectation came before it
    const { limits, preRequest } = this.#options;
    const { socket } = req;
    const connection = this.connections.get(socket);
    if (connection) connection.active += 1;
    this.#inFlight.set(res, {
      req,
      connection,
      begun: performance.now(),
      sentBefore: this.#options.record ? socket.bytesWritten : 0,
      remoteAddress: this.#options.record ? (socket.remoteAddress ?? null) : null,
    });
    if (req.httpVersionMajor > 1) res.once('close', () => this.#end(res));
    if (this.#closing) res.shouldKeepAlive = false;
    const excess = findExcess(req, limits);
    if (excess !== 0) {
      refuse(res, excess);
      return false;
    }
    preRequest?.(req);
    return true;
  }

  #end(res: ServerResponse): void {
    const entry = this.#inFlight.get(res);
    if (!entry) return;
    this.#inFlight.delete(res);
    const { connection } = entry;
    const { onRequest, postRequest, record, slot } = this.#options;
    if (connection) {
      connection.active -= 1;
      connection.becomeIdle(performance.now());
    }
    this.requests += 1;
    record?.(describeExchange(res, entry, slot));
    postRequest?.(entry.req, res);
    onRequest(this.requests);
  }
}

function describeExchange(res: ServerResponse, entry: InFlight, slot: number): AccessRecord {
  const { req, begun, remoteAddress } = entry;
  const durationMs = performance.now() - begun;
  return {
    req,
    res,
    remoteAddress,
    startedAt: Date.now() - durationMs,
    durationMs,
    bytes: bodyBytes(req, res, entry),
    aborted: !res.writableFinished,
    slot,
  };
}

/** Of the body as it was sent, chunk sizes included. */
function bodyBytes(
  { socket, method }: IncomingMessage,
  res: ServerResponse,
  entry: InFlight,
): number {
  if (method === 'HEAD') return 0;
  const head: unknown = Reflect.get(res, '_header');
  const headBytes = typeof head === 'string' ? head.length : 0;
  return Math.max(0, socket.bytesWritten - entry.sentBefore - headBytes);
}
