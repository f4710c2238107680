import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { BadRequest } from './bad-request.ts';
import type { CallContext } from './call-context.ts';
import type { ForwardedPolicy } from './forwarded.ts';
import { HttpCall } from './http-call.ts';
import { plainResponse } from './plain-response.ts';
import { refuse } from './refusal.ts';
import { type Head, readHead } from './request-head.ts';
import type { Statics } from './statics.ts';
import type { Upgrader } from './upgrader.ts';
import { WebSocketCall } from './web-socket-call.ts';

// An `import` of it would run its getters too, one of which loads a whole HTTP client: 15 ms.
const { createServer } = process.getBuiltinModule('node:http');

export interface FrontOptions {
  context: CallContext;
  policy: ForwardedPolicy;
  statics: Statics | null;
  /** Of a WebSocket. */
  mostMessageBytes: number;
}

/** The side that clients see: a server that does not listen, and turns requests into calls. */
export function createFront(options: FrontOptions): Server {
  const wantsUpgrade = (req: IncomingMessage) =>
    options.context.interface() === 'asgi' && asksForWebSocket(req);
  const server = createServer(
    // Newer Node asks before it takes a request for an upgrade.
    { shouldUpgradeCallback: wantsUpgrade } as object,
    (req, res) => answer(req, res, options),
  );
  server.on('checkContinue', (req, res) => {
    answer(req, res, options);
  });
  server.on('upgrade', (req: IncomingMessage, socket: Socket, early: Buffer) => {
    socket.on('error', () => undefined); // `close` follows, and Node listens no more
    if (wantsUpgrade(req)) void upgrade({ req, socket, early }, options);
    else answerOnSocket(req, socket, options);
  });
  return server;
}

function answer(req: IncomingMessage, res: ServerResponse, options: FrontOptions): void {
  // One after the other: whatever stands behind an answer that ends the connection is not to happen.
  if (!res.socket) return void res.once('socket', () => answer(req, res, options));
  const head = readOrRefuse(req, res, options);
  if (!head) return;
  if (options.statics?.serve(req, res, head.path)) return;
  new HttpCall(req, res, head, options.context).start();
}

function readOrRefuse(
  req: IncomingMessage,
  res: ServerResponse,
  { context, policy }: FrontOptions,
): Head | null {
  try {
    return readHead(req, policy);
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    const { message, status } = error;
    context.log({ level: 'warning', message: `Refused a request: ${message} (${status})` });
    refuse(req, res, status);
    return null;
  }
}

/** Older Node takes every request with an Upgrade field for one; ours go on as if it had none. */
function answerOnSocket(req: IncomingMessage, socket: Socket, options: FrontOptions): void {
  answer(req, plainResponse(req, socket), options);
}

async function upgrade(
  { req, socket, early }: { req: IncomingMessage; socket: Socket; early: Buffer },
  options: FrontOptions,
): Promise<void> {
  const upgrader = await loadUpgrader(options.mostMessageBytes);
  if (socket.destroyed) return;
  const res = plainResponse(req, socket);
  const head = readOrRefuse(req, res, options);
  if (!head) return;
  res.detachSocket(socket);
  new WebSocketCall({ req, socket, early, head }, options.context, upgrader).start();
}

/** Whether a request asks for a WebSocket: RFC 6455, 4.2.1. */
const asksForWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';

let loaded: Promise<Upgrader> | null = null;

/** With the first WebSocket, because most apps have none. */
function loadUpgrader(mostBytes: number): Promise<Upgrader> {
  loaded ??= import('./upgrader.ts').then(({ Upgrader }) => new Upgrader(mostBytes));
  return loaded;
}
