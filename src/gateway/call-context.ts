import type { Log } from '../core/logger.ts';
import type { GatewayStart } from '../protocol/gateway.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Endless } from './farewells.ts';
import type { Overdue } from './overdue.ts';

/** What every request needs of its gateway. */
export interface CallContext {
  readonly dispatcher: Dispatcher;
  readonly buffers: GatewayStart['buffers'];
  readonly log: Log;
  /** Of the apps that are served now. */
  interface(): 'wsgi' | 'asgi';
  /** A worker has it. */
  onBegin(call: Overdue): void;
  /** No worker has it any more. */
  onEnd(call: Overdue): void;
  /** It lasts until somebody ends it. */
  onEndless(call: Endless): void;
  /** Its client or its worker has left. */
  onGone(call: Endless): void;
}
