import type { IncomingMessage } from 'node:http';
import type { GatewayStart } from '../protocol/gateway.ts';
import { BodyStore } from './body-store.ts';
import { StoredBody } from './stored-body.ts';
import { StreamedBody } from './streamed-body.ts';

export interface BodyOptions {
  buffers: GatewayStart['buffers'];
  /** Of one that is buffered: all of it is here. */
  onWhole(): void;
  /** It is too long, or has stopped to come. */
  onRefused(status: 408 | 413): void;
  onError(error: unknown): void;
}

/** A client may be as slow as it likes, but not silent: nginx's client_body_timeout. */
const stallMs = 60_000;

/** A blocking worker is not to wait for a slow client; a loop takes the body as it comes. */
export function takeBody(
  req: IncomingMessage,
  isBuffered: boolean,
  options: BodyOptions,
): StoredBody | StreamedBody {
  req.on('error', () => undefined); // the answer is closed too, which says all
  const { buffers, onRefused } = options;
  watchStall(req, () => onRefused(408));
  if (isBuffered) return new StoredBody(collect(req, options));
  return new StreamedBody(req, buffers.mostBody, () => onRefused(413));
}

/** One that has to wait for us is not silent. */
function watchStall(req: IncomingMessage, onStalled: () => void): void {
  const timer = setTimeout(() => {
    if (req.isPaused()) timer.refresh();
    else onStalled();
  }, stallMs).unref();
  req.on('data', () => timer.refresh());
  req.once('end', () => clearTimeout(timer));
  req.once('close', () => clearTimeout(timer));
}

function collect(req: IncomingMessage, options: BodyOptions): BodyStore {
  const { bodyMemory: memory, folder, mostBody } = options.buffers;
  const store = new BodyStore({ memory, folder });
  const giveUp = (act: () => void) => {
    req.removeAllListeners('data');
    req.removeAllListeners('end');
    act();
  };
  const fail = (error: unknown) => giveUp(() => options.onError(error));
  req.on('data', (chunk: Buffer) => {
    if (mostBody > 0 && store.size + chunk.length > mostBody)
      return giveUp(() => options.onRefused(413));
    const kept = store.append(chunk);
    if (!kept) return;
    req.pause();
    kept.then(() => req.resume(), fail);
  });
  req.once('end', () => store.settle().then(options.onWhole, fail));
  return store;
}
