import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../core/errors.ts';
import type { LogLevel } from '../core/logger.ts';
import type { FrameHeader } from '../protocol/frames.ts';
import { frameFlags, frameTypes } from '../protocol/link.ts';
import { Answer } from './answer.ts';
import type { CallContext } from './call-context.ts';
import type { Carrier } from './carrier.ts';
import type { WaitingCaller } from './dispatcher.ts';
import { openWorkerFile } from './file-answer.ts';
import { describeClient } from './forwarded.ts';
import { expectsContinue, interim, trailerFields } from './interim.ts';
import type { Overdue } from './overdue.ts';
import { refuse } from './refusal.ts';
import { takeBody } from './request-body.ts';
import type { Head } from './request-head.ts';
import { sendRequest } from './send-request.ts';
import type { RequestBody } from './stored-body.ts';

/** One request, from its head to the end of its answer. */
export class HttpCall implements WaitingCaller, Overdue {
  readonly method: string;
  readonly path: string;
  place = -1;
  since = 0;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #head: Head;
  readonly #context: CallContext;
  readonly #begun = performance.now();
  #phase: 'receiving' | 'queued' | 'served' | 'over' = 'receiving';
  #body: RequestBody | null = null;
  #carrier: Carrier | null = null;
  #answer: Answer | null = null;

  constructor(req: IncomingMessage, res: ServerResponse, head: Head, context: CallContext) {
    this.method = head.method;
    this.path = head.path;
    this.#req = req;
    this.#res = res;
    this.#head = head;
    this.#context = context;
  }

  get ageMs(): number {
    return performance.now() - this.#begun;
  }

  get carrier(): Carrier | null {
    return this.#carrier;
  }

  get client(): string | null {
    return describeClient(this.#head.client);
  }

  start(): void {
    const { bodyBytes } = this.#head;
    const { buffers } = this.#context;
    this.#res.on('close', () => this.#close());
    if (buffers.mostBody > 0 && (bodyBytes ?? 0) > buffers.mostBody) return this.#refuse(413);
    if (bodyBytes === 0) return this.#queue();
    if (expectsContinue(this.#req)) this.#res.writeContinue();
    const isBuffered = this.#context.interface() === 'wsgi';
    this.#body = takeBody(this.#req, isBuffered, {
      buffers,
      onWhole: () => this.#queue(),
      onRefused: (status) => this.#refuse(status),
      onError: (error) => this.#fail(500, `its body cannot be kept: ${messageOf(error)}`),
    });
    if (!isBuffered) this.#queue();
  }

  begin(carrier: Carrier): void {
    this.#phase = 'served';
    this.#carrier = carrier;
    this.#context.onBegin(this);
    sendRequest(carrier, this.#head, this.#body);
  }

  onRoom(): void {
    this.#body?.onRoom();
  }

  hear(header: FrameHeader, payload: Buffer): void {
    const carrier = this.#carrier;
    if (!carrier) return;
    try {
      this.#body?.begun();
      this.#hear(carrier, header, payload);
    } catch (error) {
      const why = `an answer that cannot be: ${messageOf(error)}`;
      this.#fail(502, why);
      carrier.breakOff(why);
    }
  }

  lose(): void {
    const { worker } = this.#carrier ?? {};
    this.#carrier = null;
    if (this.#phase !== 'served') return;
    this.#fail(502, `worker ${worker?.slot} (pid:${worker?.pid}) has left without an answer`);
  }

  requeue(): void {
    const carrier = this.#carrier;
    if (this.#phase !== 'served') return;
    if (this.#answer || this.#body?.isKept === false)
      return carrier?.breakOff('a request is given back that was begun');
    this.#carrier = null;
    this.#phase = 'queued';
    this.#context.onEnd(this);
    this.#context.dispatcher.resubmit(this);
  }

  turnAway(why: string): void {
    this.#phase = 'over';
    this.#say('warning', `${why} (503)`);
    refuse(this.#req, this.#res, 503, ['Retry-After', '1']);
  }

  expire(): void {
    const carrier = this.#carrier;
    this.#carrier = null;
    this.#fail(504, `no answer within request_timeout`);
    carrier?.cancel(2);
  }

  /** An event stream ends, so that its client comes again and finds another worker. */
  sendAway(): void {
    if (!this.#answer?.isEndless || this.#phase !== 'served') return;
    this.#cancel();
    this.#answer.end();
  }

  #hear(carrier: Carrier, header: FrameHeader, payload: Buffer): void {
    const { type, code, flags } = header;
    switch (type) {
      case frameTypes.response:
        return this.#begin(carrier, header, payload);
      case frameTypes.data:
        if (!this.#answer) return carrier.breakOff('a body without a head');
        this.#answer.data(payload);
        return (flags & frameFlags.end) === 0 ? undefined : this.#end(carrier);
      case frameTypes.inform:
        return interim(this.#res, payload.toString('latin1'));
      case frameTypes.trailers:
        if (!this.#answer) return carrier.breakOff('trailers without a head');
        this.#res.addTrailers(trailerFields(payload.toString('latin1')));
        return this.#end(carrier);
      case frameTypes.file:
        return this.#sendFile(carrier, code, payload);
      case frameTypes.abort:
        this.#carrier = null;
        return this.#fail(500, 'the app broke its answer off');
      default:
        carrier.breakOff(`a frame of type ${type} in an answer`);
    }
  }

  #begin(carrier: Carrier, { code, flags }: FrameHeader, payload: Buffer): void {
    if (this.#answer || code > payload.length) return carrier.breakOff('a second head');
    const isWhole = (flags & frameFlags.end) !== 0;
    const { buffers } = this.#context;
    const onBroken = (why: string) => this.#breakAnswer(why);
    this.#answer = new Answer(this.#res, carrier, { buffers, onBroken });
    if (isWhole) this.#leaveCarrier(carrier);
    this.#answer.begin(payload.toString('latin1', 0, code), payload.subarray(code), isWhole);
    if (isWhole) this.#finish();
    else if (this.#answer.isEndless) this.#context.onEndless(this);
  }

  #end(carrier: Carrier): void {
    this.#leaveCarrier(carrier);
    this.#finish();
    this.#answer?.end();
  }

  #leaveCarrier(carrier: Carrier): void {
    this.#carrier = null;
    this.#body?.stop(carrier);
  }

  #finish(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#context.onEnd(this);
    if (this.#answer?.isEndless) this.#context.onGone(this);
    this.#body?.close();
    if (!this.#req.complete) this.#req.resume();
  }

  #sendFile(carrier: Carrier, fd: number, payload: Buffer): void {
    const answer = this.#answer;
    if (!answer) return carrier.breakOff('a file without a head');
    const part = answer.isPassed ? openWorkerFile(carrier.worker.pid, fd, payload) : null;
    if (!part) return carrier.send({ type: frameTypes.fileTaken, flags: 0, code: 0 });
    this.#leaveCarrier(carrier);
    carrier.takeFile();
    this.#finish();
    answer.sendFile(part);
  }

  #queue(): void {
    if (this.#phase !== 'receiving') return;
    this.#phase = 'queued';
    this.#context.dispatcher.submit(this);
  }

  #refuse(status: number): void {
    this.#cancel();
    if (this.#res.headersSent) this.#answer?.cutOff();
    else refuse(this.#req, this.#res, status);
  }

  #fail(status: number, why: string): void {
    this.#say('error', `${why} (${this.#res.headersSent ? 'cut off' : status})`);
    this.#finish();
    if (this.#res.headersSent) this.#answer?.cutOff();
    else refuse(this.#req, this.#res, status);
  }

  #breakAnswer(why: string): void {
    this.#say('error', `the answer is cut off: ${why}`);
    this.#cancel();
    this.#answer?.cutOff();
  }

  #say(level: LogLevel, message: string): void {
    this.#context.log({ level, message: `${this.method} ${this.path}: ${message}` });
  }

  #cancel(): void {
    const carrier = this.#carrier;
    this.#carrier = null;
    if (this.#phase === 'queued') this.#context.dispatcher.withdraw(this);
    this.#finish();
    carrier?.cancel(1);
  }

  #close(): void {
    if (this.#phase !== 'over') this.#cancel();
    this.#body?.close();
    this.#answer?.close();
  }
}
