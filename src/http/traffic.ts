import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import { Socket } from 'node:net';
import { Roster } from '../core/roster.ts';
import type { AccessRecord } from '../log/access-record.ts';
import type { InFlightRequest } from '../metrics/in-flight.ts';
import { createHistogram } from '../metrics/latency.ts';
import { Connection } from './connection.ts';
import {
  describeExchange,
  type Exchange,
  exchangeKey,
  reportExchange,
  type Tracked,
} from './exchange.ts';
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
  /** How long requests took, from the head to the end of the answer. */
  readonly latencies = createHistogram();
  requests = 0;
  readonly #options: TrafficOptions;
  readonly #inFlight = new Roster<Exchange>();
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

  /** Oldest first. */
  reportInFlight(most: number): InFlightRequest[] {
    const now = performance.now();
    const oldest = [...this.#inFlight].toSorted((a, b) => a.begun - b.begun).slice(0, most);
    return oldest.map((exchange) => reportExchange(exchange, now));
  }

  /** Answers that have not sent their head yet tell the client that the connection ends. */
  closeAfterAnswers(): void {
    this.#draining = true;
    this.#closing = true;
    for (const { res } of this.#inFlight) if (!res.headersSent) res.shouldKeepAlive = false;
    for (const session of this.#sessions) session.close();
  }

  /** Takes `closeAfterAnswers` back for requests from now on. */
  keepAliveAgain(): void {
    this.#draining = false;
    this.#closing = this.#options.keepaliveMs === 0;
  }

  /**
   * Looks at what the server emits, because listeners can be added and removed at any time and
   * libraries such as engine.io do so.
   */
  instrument(server: Server): void {
    this.#applySettings(server);
    const emit = server.emit;
    server.emit = ((event: string, ...args: unknown[]): boolean => {
      const [first, second] = args;
      if (requestEvents.has(event)) {
        if (!this.#begin(first as IncomingMessage, second as ServerResponse)) return true;
      } else if (event === 'connection') {
        this.#connect(first as Socket);
      } else if (event === 'secureConnection') {
        this.#secure(first as Socket);
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

  /** A TLS server speaks to its clients on sockets of its own, which stand on those it was given. */
  #secure(socket: Socket): void {
    const bare: unknown = Reflect.get(socket, '_parent');
    if (bare instanceof Socket) this.connections.delete(bare);
    this.#connect(socket);
  }

  /** Node never closes an answer that was queued behind another one of the same client. */
  #abandon(connection: Connection): void {
    for (const { res, connection: its } of [...this.#inFlight])
      if (its === connection) this.#end(res);
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
    if (this.#exchangeOf(res)) return true; // an expectation came before it
    const { limits, preRequest } = this.#options;
    const { socket } = req;
    const connection = this.connections.get(socket);
    if (connection) connection.active += 1;
    const exchange: Exchange = {
      place: -1,
      owner: this,
      req,
      res,
      url: req.url,
      connection,
      begun: performance.now(),
      sentBefore: this.#options.record ? socket.bytesWritten : 0,
      remoteAddress: this.#options.record ? (socket.remoteAddress ?? null) : null,
    };
    (res as Tracked)[exchangeKey] = exchange;
    this.#inFlight.add(exchange);
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

  #exchangeOf(res: Tracked): Exchange | undefined {
    const exchange = res[exchangeKey];
    return exchange?.owner === this ? exchange : undefined;
  }

  #end(res: ServerResponse): void {
    const entry = this.#exchangeOf(res);
    if (!entry || !this.#inFlight.delete(entry)) return;
    const now = performance.now();
    const { connection } = entry;
    const { onRequest, postRequest, record, slot } = this.#options;
    if (connection) {
      connection.active -= 1;
      connection.becomeIdle(now);
    }
    this.requests += 1;
    this.latencies.record(now - entry.begun);
    record?.(describeExchange(entry, { slot, now }));
    postRequest?.(entry.req, res);
    onRequest(this.requests);
  }
}
