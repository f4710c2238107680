import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { Target } from './strict-client.ts';

interface Message {
  data: Buffer;
  binary: boolean;
}

export interface Refusal {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

const patienceMs = 10_000;

/** A WebSocket that forgets nothing that happens before it is asked. */
export class WsClient {
  readonly socket: WebSocket;
  readonly opened: Promise<IncomingMessage>;
  readonly closed: Promise<{ code: number; reason: string }>;
  /** The answer to a handshake that was not accepted. */
  readonly refused: Promise<Refusal>;
  readonly #messages: Message[] = [];
  #wake: () => void = () => undefined;

  constructor(target: Target, path: string, subprotocols: string[] = []) {
    const url =
      'path' in target
        ? `ws+unix:${target.path}:${path}`
        : `ws://${target.host ?? '127.0.0.1'}:${target.port}${path}`;
    const socket = new WebSocket(url, subprotocols, { perMessageDeflate: false });
    this.socket = socket;
    let head: IncomingMessage;
    socket.on('upgrade', (response) => {
      head = response;
    });
    this.opened = within(`opening ${path}`, (done) => socket.once('open', () => done(head)));
    this.closed = within(`the end of ${path}`, (done) =>
      socket.once('close', (code, reason) => done({ code, reason: reason.toString() })),
    );
    this.refused = within(`the refusal of ${path}`, (done) =>
      socket.once('unexpected-response', async (_request, response) => {
        const body = await text(response);
        done({ status: response.statusCode ?? 0, headers: response.headers, body });
      }),
    );
    // Errors are told by what is asked for and does not come.
    socket.on('error', () => undefined);
    for (const promise of [this.opened, this.closed, this.refused]) promise.catch(() => undefined);
    socket.on('message', (data: Buffer, binary) => {
      this.#messages.push({ data, binary });
      this.#wake();
    });
  }

  async next(): Promise<Message> {
    await within('a message', (done) => {
      this.#wake = () => done(undefined);
      if (this.#messages.length > 0) done(undefined);
    });
    const message = this.#messages.shift();
    if (message === undefined) throw new Error('asked twice at the same time');
    return message;
  }

  async text(): Promise<string> {
    return (await this.next()).data.toString();
  }

  /** Says goodbye and waits for the answer. */
  close(code?: number, reason?: string): Promise<{ code: number; reason: string }> {
    this.socket.close(code, reason);
    return this.closed;
  }
}

function within<T>(what: string, begin: (done: (value: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}`)), patienceMs);
    timer.unref();
    begin((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
