import net from 'node:net';
import type { Target } from './strict-client.ts';

/** One answer as it came over the wire; text is Latin-1, a byte for each character. */
export interface RawAnswer {
  /** All of it, interim answers and anything after it as well. */
  raw: string;
  /** Heads of 1xx answers before it. */
  interim: string[];
  version: string;
  status: number;
  reason: string;
  headers: [name: string, value: string][];
  /** Without the chunking. */
  body: string;
  chunked: boolean;
  /** False when the connection ended before all of it had come. */
  complete: boolean;
  /** What followed it on the connection. */
  rest: string;
}

export interface RawOptions {
  headers?: readonly string[];
  body?: string | Buffer;
  version?: string;
}

/** Writes bytes and reads until the server closes, or until nothing has come for `quietMs`. */
export function exchange(
  target: Target,
  bytes: string | Buffer,
  quietMs = 10_000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect('path' in target ? target : { host: '127.0.0.1', ...target });
    const pieces: Buffer[] = [];
    const done = () => {
      socket.destroy();
      resolve(Buffer.concat(pieces).toString('latin1'));
    };
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.once('end', done);
    socket.once('close', done);
    socket.once('error', (error) => (pieces.length > 0 ? done() : reject(error)));
    socket.setTimeout(quietMs, done);
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

/** A request with `Connection: close` on a connection of its own. */
export async function ask(
  target: Target,
  method: string,
  path: string,
  { headers = [], body, version = '1.1' }: RawOptions = {},
): Promise<RawAnswer> {
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1');
  const own = headers.some((line) => /^(content-length|transfer-encoding):/i.test(line));
  const length = bytes === undefined || own ? [] : [`Content-Length: ${bytes.length}`];
  const lines = [
    `${method} ${path} HTTP/${version}`,
    ...(headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: test']),
    ...headers,
    ...length,
    'Connection: close',
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const raw = await exchange(target, bytes ? Buffer.concat([head, bytes]) : head);
  return readAnswer(raw, method);
}

export const get = (target: Target, path: string, headers: readonly string[] = []) =>
  ask(target, 'GET', path, { headers });

/** The answer's value of a header; several are joined as the standard says. */
export function header(answer: RawAnswer, name: string): string | undefined {
  const values = answer.headers.filter(([known]) => known.toLowerCase() === name.toLowerCase());
  return values.length === 0 ? undefined : values.map(([, value]) => value).join(', ');
}

/** A connection that ended before anything came. */
const silence: RawAnswer = {
  raw: '',
  interim: [],
  version: '',
  status: 0,
  reason: '',
  headers: [],
  body: '',
  chunked: false,
  complete: false,
  rest: '',
};

/** The first answer in what a server sent to a request of this method. */
export function readAnswer(raw: string, method = 'GET'): RawAnswer {
  if (raw === '') return silence;
  const interim: string[] = [];
  let from = 0;
  for (;;) {
    const end = raw.indexOf('\r\n\r\n', from);
    if (end < 0) throw new Error(`no answer: ${JSON.stringify(raw.slice(0, 300))}`);
    const head = raw.slice(from, end);
    from = end + 4;
    if (/^HTTP\/1\.1 1\d\d /.test(head)) interim.push(head);
    else return { raw, interim, ...readHead(head), ...readBody(head, raw.slice(from), method) };
  }
}

function readHead(head: string): Pick<RawAnswer, 'version' | 'status' | 'reason' | 'headers'> {
  const [line = '', ...fields] = head.split('\r\n');
  const match = /^HTTP\/(\d\.\d) (\d{3})(?: (.*))?$/.exec(line);
  if (!match) throw new Error(`no status line: ${JSON.stringify(line)}`);
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return { version: match[1] ?? '', status: Number(match[2]), reason: match[3] ?? '', headers };
}

type Body = Pick<RawAnswer, 'body' | 'chunked' | 'complete' | 'rest'>;

function readBody(head: string, text: string, method: string): Body {
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1]);
  const none = { body: '', chunked: false, complete: true, rest: text };
  if (method === 'HEAD' || status === 204 || status === 304) return none;
  if (/^transfer-encoding: *chunked$/im.test(head)) return readChunks(text);
  const length = /^content-length: *(\d+)$/im.exec(head)?.[1];
  if (length === undefined) return { ...none, body: text, rest: '' };
  const size = Number(length);
  return {
    ...none,
    body: text.slice(0, size),
    complete: text.length >= size,
    rest: text.slice(size),
  };
}

function readChunks(text: string): Body {
  let body = '';
  for (let at = 0; ; ) {
    const line = /^([0-9a-f]+)(?:;[^\r\n]*)?\r\n/i.exec(text.slice(at, at + 100));
    if (!line) return { body, chunked: true, complete: false, rest: '' };
    const size = Number.parseInt(line[1] ?? '', 16);
    at += line[0].length;
    if (size === 0) {
      const end = text.startsWith('\r\n', at) ? at : text.indexOf('\r\n\r\n', at) + 2;
      return { body, chunked: true, complete: end >= at, rest: text.slice(end + 2) };
    }
    body += text.slice(at, at + size);
    at += size + 2;
  }
}
