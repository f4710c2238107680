import type { IncomingMessage, ServerResponse } from 'node:http';

/** Gunicorn's `limit_request_line`, `limit_request_fields` and `limit_request_field_size`. */
export interface Limits {
  /** Bytes; 0 unlimited. */
  requestLine: number;
  requestFields: number;
  /** Bytes of name and value together; 0 unlimited. */
  requestFieldSize: number;
}

/** `GET`, two spaces and `HTTP/1.1` around the target: RFC 9112, 3. */
const aroundTarget = ' '.length + ' HTTP/1.1'.length;

/** The status to refuse a request with, or 0 when it keeps within the limits. */
export function findExcess(req: IncomingMessage, limits: Limits): 0 | 414 | 431 {
  const { requestLine, requestFields, requestFieldSize } = limits;
  const line = (req.method?.length ?? 0) + (req.url?.length ?? 0) + aroundTarget;
  if (requestLine > 0 && line > requestLine) return 414;
  const fields = req.rawHeaders;
  if (fields.length > requestFields * 2) return 431;
  if (requestFieldSize === 0) return 0;
  for (let index = 0; index < fields.length; index += 2) {
    const size = (fields[index]?.length ?? 0) + (fields[index + 1]?.length ?? 0) + ': '.length;
    if (size > requestFieldSize) return 431;
  }
  return 0;
}

/** Refuses without reading what is left of the request. */
export function refuse(res: ServerResponse, status: 414 | 431): void {
  res.shouldKeepAlive = false;
  res.writeHead(status, { 'Content-Length': '0' });
  res.end();
}
