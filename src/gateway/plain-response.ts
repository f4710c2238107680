import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** For a request that Node has taken for an upgrade, and that is answered in plain HTTP; the last one. */
export function plainResponse(req: IncomingMessage, socket: Socket): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  res.once('finish', () => socket.end());
  return res;
}
