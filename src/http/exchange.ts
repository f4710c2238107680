import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Member } from '../core/roster.ts';
import type { AccessRecord } from '../log/access-record.ts';
import type { InFlightRequest } from '../metrics/in-flight.ts';
import type { Connection } from './connection.ts';

/** Where an answer keeps its exchange, also after it is over: a constant, because that is read fast. */
export const exchangeKey = Symbol('exchange');

export interface Tracked extends ServerResponse {
  [exchangeKey]?: Exchange;
}

/** A request that has begun and is not over. */
export interface Exchange extends Member {
  /** Who counts it: there can be several in a process. */
  owner: object;
  res: ServerResponse;
  req: IncomingMessage;
  /** As the client asked: routers of apps change it on the way. */
  url: string | undefined;
  connection: Connection | undefined;
  /** Monotonic milliseconds. */
  begun: number;
  /** What the socket had sent before this answer. */
  sentBefore: number;
  remoteAddress: string | null;
}

const longestPath = 1000;

export function reportExchange({ req, url, begun }: Exchange, now: number): InFlightRequest {
  return {
    method: String(req.method).slice(0, 100),
    path: pathOf(url ?? ''),
    client: clientOf(req),
    ageMs: Math.round(now - begun),
  };
}

/** The absolute form, as proxies ask, may hold a password before its host. */
const pathOf = (url: string): string => {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  return path.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '').slice(0, longestPath);
};

/** Asks the kernel, which no request should have to pay for. */
function clientOf({ socket }: IncomingMessage): string | null {
  try {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) return null;
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
    return `${address.includes(':') ? `[${address}]` : address}:${remotePort}`;
  } catch {
    return null; // the session of an HTTP/2 stream is gone already
  }
}

export function describeExchange(
  exchange: Exchange,
  { slot, now }: { slot: number; now: number },
): AccessRecord {
  const { req, res, begun, remoteAddress } = exchange;
  const durationMs = now - begun;
  return {
    req,
    res,
    remoteAddress,
    startedAt: Date.now() - durationMs,
    durationMs,
    bytes: bodyBytes(req, res, exchange),
    aborted: !res.writableFinished,
    slot,
  };
}

/** Of the body as it was sent, chunk sizes included. */
function bodyBytes(
  { socket, method }: IncomingMessage,
  res: ServerResponse,
  { sentBefore }: Exchange,
): number {
  if (method === 'HEAD') return 0;
  const head: unknown = Reflect.get(res, '_header');
  const headBytes = typeof head === 'string' ? head.length : 0;
  return Math.max(0, socket.bytesWritten - sentBefore - headBytes);
}
