import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';

/** An interim answer: RFC 9110, 15.2. Clients of HTTP/1.0 know none, and it never comes after the head. */
export function interim(res: ServerResponse, head: string): void {
  if (!/^1\d\d /.test(head) || head.startsWith('101'))
    throw new Error(`the interim answer "${head.split('\n', 1)[0]}"`);
  if (res.headersSent || res.req.httpVersion === '1.0' || !res.socket) return;
  const [line = '', ...fields] = head.split('\n');
  const status = line.slice(0, 3);
  let text = `HTTP/1.1 ${status} ${line.slice(4) || STATUS_CODES[status] || 'Information'}\r\n`;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    text += `${fields[index]}: ${fields[index + 1]}\r\n`;
  }
  res.socket.write(`${text}\r\n`, 'latin1');
}

/** The client sends its body only when it hears that it is wanted; Node refuses other expectations. */
export const expectsContinue = ({ headers, httpVersion }: IncomingMessage): boolean =>
  headers.expect !== undefined && httpVersion === '1.1';

/** Names and values of trailers, as Node wants them. */
export function trailerFields(text: string): [string, string][] {
  const parts = text.split('\n');
  return Array.from({ length: parts.length >> 1 }, (_, index) => [
    parts[index * 2] ?? '',
    parts[index * 2 + 1] ?? '',
  ]);
}
