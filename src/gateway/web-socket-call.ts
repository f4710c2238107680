import type { ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import { messageOf } from '../core/errors.ts';
import type { FrameHeader } from '../protocol/frames.ts';
import { frameFlags, frameTypes } from '../protocol/link.ts';
import { Answer } from './answer.ts';
import type { CallContext } from './call-context.ts';
import type { Carrier } from './carrier.ts';
import type { WaitingCaller } from './dispatcher.ts';
import type { Endless } from './farewells.ts';
import { describeClient } from './forwarded.ts';
import { MessageFlow } from './message-flow.ts';
import { plainResponse } from './plain-response.ts';
import { refuse } from './refusal.ts';
import { encodeScope } from './request-head.ts';
import type { Handshake, Upgrader } from './upgrader.ts';

/** RFC 6455, 7.4.1, and the registry of IANA for 1012. */
const closeCodes = { restart: 1012, internalError: 1011, noStatus: 1005, abnormal: 1006 } as const;

/** A WebSocket, from its handshake to its close. */
export class WebSocketCall implements WaitingCaller, Endless {
  readonly method = 'GET';
  readonly path: string;
  place = -1;
  since = 0;
  readonly #handshake: Handshake;
  readonly #context: CallContext;
  readonly #upgrader: Upgrader;
  readonly #begun = performance.now();
  #carrier: Carrier | null = null;
  #open: { webSocket: WebSocket; flow: MessageFlow } | null = null;
  /** Of an app that answers the handshake in plain HTTP. */
  #denial: Answer | null = null;
  /** For plain HTTP. */
  #res: ServerResponse | null = null;
  #over = false;

  constructor(handshake: Handshake, context: CallContext, upgrader: Upgrader) {
    this.path = handshake.head.path;
    this.#handshake = handshake;
    this.#context = context;
    this.#upgrader = upgrader;
  }

  get ageMs(): number {
    return performance.now() - this.#begun;
  }

  get carrier(): Carrier | null {
    return this.#carrier;
  }

  get client(): string | null {
    return describeClient(this.#handshake.head.client);
  }

  start(): void {
    this.#handshake.socket.once('close', () => this.#clientGone());
    this.#context.dispatcher.submit(this);
  }

  begin(carrier: Carrier): void {
    this.#carrier = carrier;
    if (carrier.interface === 'wsgi') {
      this.#finish();
      carrier.cancel(1);
      return this.#refuse(501);
    }
    const head = encodeScope(
      this.#handshake.head,
      this.#handshake.head.scheme === 'https' ? 'wss' : 'ws',
    );
    carrier.sendRequest({ flags: frameFlags.webSocket | frameFlags.end, head, body: null });
  }

  onRoom(): void {
    this.#open?.flow.onRoom();
  }

  hear(header: FrameHeader, payload: Buffer): void {
    try {
      this.#hear(header, payload);
    } catch (error) {
      this.#carrier?.breakOff(`an answer that cannot be: ${messageOf(error)}`);
    }
  }

  lose(): void {
    this.#carrier = null;
    if (this.#over) return;
    this.#finish();
    if (this.#open) this.#open.webSocket.close(closeCodes.internalError);
    else if (this.#res?.headersSent) this.#denial?.cutOff();
    else this.#refuse(502);
  }

  requeue(): void {
    this.#carrier = null;
    if (!this.#over) this.#context.dispatcher.resubmit(this);
  }

  turnAway(why: string): void {
    this.#context.log({ level: 'warning', message: `WebSocket ${this.path}: ${why} (503)` });
    this.#finish();
    this.#refuse(503, ['Retry-After', '1']);
  }

  /** The client is told to come again, and the app that it has gone. */
  sendAway(): void {
    this.#open?.webSocket.close(closeCodes.restart);
    this.#tellClosed(closeCodes.restart, '');
  }

  #hear(header: FrameHeader, payload: Buffer): void {
    const { type, code, flags } = header;
    switch (type) {
      case frameTypes.wsAccept:
        return this.#accept(payload.toString('latin1'));
      case frameTypes.wsMessage:
        if (!this.#open) throw new Error('a message before the handshake is over');
        return this.#open.flow.send(payload, flags);
      case frameTypes.wsClose:
        return this.#close(code, payload);
      case frameTypes.response:
        return this.#deny(header, payload);
      case frameTypes.data:
        if (!this.#denial) throw new Error('a body without a head');
        this.#denial.data(payload);
        return (flags & frameFlags.end) === 0 ? undefined : this.#endDenial();
      case frameTypes.abort:
        return this.lose();
      default:
        this.#carrier?.breakOff(`a frame of type ${type} on a WebSocket`);
    }
  }

  #accept(text: string): void {
    const [subprotocol = '', ...fields] = text.split('\n');
    const carrier = this.#carrier;
    if (!carrier || this.#open || this.#over) return;
    const webSocket = this.#upgrader.upgrade(this.#handshake, { subprotocol, fields });
    if (!webSocket) return this.#clientGone();
    const flow = new MessageFlow(webSocket, carrier, this.#upgrader.mostBytes);
    this.#open = { webSocket, flow };
    this.#context.onEndless(this);
    webSocket.on('error', () => undefined); // `close` follows
    webSocket.on('close', (code, reason) => this.#tellClosed(code, reason.toString('utf8')));
  }

  /** By the app. */
  #close(code: number, reason: Buffer): void {
    this.#carrier = null;
    this.#finish();
    if (this.#open) this.#open.webSocket.close(...closeWords(code, reason));
    else if (this.#denial) this.#denial.cutOff();
    else this.#refuse(403);
  }

  #deny(header: FrameHeader, payload: Buffer): void {
    const carrier = this.#carrier;
    if (!carrier || this.#open || this.#denial) throw new Error('a second answer');
    const res = this.#plainResponse();
    const { buffers } = this.#context;
    const answer = new Answer(res, carrier, { buffers, onBroken: () => res.destroy() });
    this.#denial = answer;
    const isWhole = (header.flags & frameFlags.end) !== 0;
    answer.begin(
      payload.toString('latin1', 0, header.code),
      payload.subarray(header.code),
      isWhole,
    );
    if (isWhole) this.#finish();
  }

  #endDenial(): void {
    this.#finish();
    this.#denial?.end();
  }

  #refuse(status: number, headers: readonly string[] = []): void {
    refuse(this.#handshake.req, this.#plainResponse(), status, headers);
  }

  #plainResponse(): ServerResponse {
    const { req, socket } = this.#handshake;
    this.#res ??= plainResponse(req, socket);
    return this.#res;
  }

  /** By the client, or because it is sent away: the app hears of it, and ends the stream. */
  #tellClosed(code: number, reason: string): void {
    const carrier = this.#carrier;
    this.#finish();
    this.#carrier = null;
    if (!carrier) return;
    const told: number = code === 0 ? closeCodes.abnormal : code;
    carrier.send({ type: frameTypes.wsClose, flags: 0, code: told }, Buffer.from(reason));
    carrier.cancel(1);
  }

  #clientGone(): void {
    this.#denial?.close();
    if (this.#over || this.#open) return;
    this.#context.dispatcher.withdraw(this);
    const carrier = this.#carrier;
    this.#finish();
    this.#carrier = null;
    carrier?.cancel(1);
  }

  #finish(): void {
    this.#over = true;
    this.#open?.flow.stop();
    this.#context.onGone(this);
  }
}

/** 1005 and 1006 are never sent, and some codes are nobody's: RFC 6455, 7.4. */
function closeWords(code: number, reason: Buffer): [number?, Buffer?] {
  if (code === closeCodes.noStatus || code === closeCodes.abnormal || code === 0) return [];
  const isKnown = (code >= 1000 && code <= 1014 && code !== 1004) || (code >= 3000 && code < 5000);
  return [isKnown ? code : closeCodes.internalError, wholeCharacters(reason)];
}

/** As many as a close frame has place for. */
function wholeCharacters(text: Buffer): Buffer {
  let end = Math.min(text.length, 123);
  while (end < text.length && ((text[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return text.subarray(0, end);
}
