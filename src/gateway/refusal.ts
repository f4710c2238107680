import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';

/** An unread body is taken in for so long, because a client that is cut off while it sends reads nothing. */
const lingerMs = 2000;

/** Answers in the place of the app, as Gunicorn does, and ends the connection unless told otherwise. */
export function refuse(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  headers: readonly string[] = [],
): void {
  if (res.headersSent || res.destroyed) return;
  const reason = STATUS_CODES[status] ?? 'Error';
  const body = `<html>\n  <head>\n    <title>${reason}</title>\n  </head>\n  <body>\n    <h1><p>${reason}</p></h1>\n  </body>\n</html>\n`;
  res.shouldKeepAlive = false;
  const fields = ['Content-Type', 'text/html', 'Content-Length', String(body.length), ...headers];
  res.writeHead(status, reason, fields);
  if (req.complete || req.method === 'HEAD') return void res.end(body);
  res.write(body);
  linger(req, res);
}

function linger(req: IncomingMessage, res: ServerResponse): void {
  const end = () => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, lingerMs).unref();
  req.removeAllListeners('data');
  req.once('end', end);
  req.once('close', end);
  req.resume();
}
