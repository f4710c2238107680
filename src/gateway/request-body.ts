import type { IncomingMessage } from 'node:http';
import type { GatewayStart } from '../protocol/gateway.ts';
import { BodyStore } from './body-store.ts';
import { StoredBody } from './stored-body.ts';
import { StreamedBody } from './streamed-body.ts';

export interface BodyOptions {
  buffers: GatewayStart['buffers'];
  /** Of one that is buffered: all of it is here. */
  onWhole(): void;
  onTooLong(): void;
  onError(error: unknown): void;
}

/** A blocking worker is not to wait for a slow client; a loop takes the body as it comes. */
export function takeBody(
  req: IncomingMessage,
  isBuffered: boolean,
  options: BodyOptions,
): StoredBody | StreamedBody {
  req.on('error', () => undefined); // the answer is closed too, which says all
  const { buffers, onTooLong } = options;
  if (isBuffered) return new StoredBody(collect(req, options));
  return new StreamedBody(req, buffers.mostBody, onTooLong);
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
    if (mostBody > 0 && store.size + chunk.length > mostBody) return giveUp(options.onTooLong);
    const kept = store.append(chunk);
    if (!kept) return;
    req.pause();
    kept.then(() => req.resume(), fail);
  });
  req.once('end', () => store.settle().then(options.onWhole, fail));
  return store;
}
