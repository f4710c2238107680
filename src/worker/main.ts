import { messageOf, stackOf } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { WorkerStart } from '../protocol/worker.ts';
import { openChannel } from '../runtime/channel.ts';
import { setTitle } from '../runtime/proc-title.ts';
import { verifyIdentity } from '../runtime/verify-identity.ts';
import { findApp } from './find-app.ts';
import { loadApp } from './load-app.ts';
import { Worker } from './worker.ts';

// The main module of a Node worker: waits for its orders, loads the app, and serves it.

const channel = openChannel();

const log: Log = ({ level, message }) => channel.send({ type: 'log', level, message });

channel.onMessage((message) => {
  if (message.type === 'start') void start(message);
});

async function start(order: WorkerStart): Promise<void> {
  setTitle(`worker ${order.slot}`, order.procName, 'booting');
  const mismatch = verifyIdentity(order.identity);
  if (mismatch !== null)
    return fail('boot', new Error(`The worker is not whom it should be: ${mismatch}`));
  if (order.umask !== null) process.umask(order.umask);
  let worker: Worker;
  try {
    worker = await Worker.prepare(order, channel, log);
  } catch (error) {
    return fail('boot', error);
  }
  await bootApp(order, worker);
}

async function bootApp(order: WorkerStart, worker: Worker): Promise<void> {
  let exports: string[] = [];
  // Nothing is left to happen, and still nobody listens: waiting longer is of no use.
  const onIdle = () => void fail('app', new Error(describeNothing(order.app, exports)));
  channel.hold(false);
  process.once('beforeExit', onIdle);
  try {
    const place = findApp(order.app, process.cwd());
    const loaded = await loadApp(place);
    if (order.purpose === 'check') return await finishCheck(loaded.app?.kind ?? 'script');
    if (loaded.app) worker.offer(loaded.app);
    else exports = loaded.exports;
    await worker.serving;
    process.removeListener('beforeExit', onIdle);
    channel.hold(true);
  } catch (error) {
    process.removeListener('beforeExit', onIdle);
    await fail('app', error);
  }
}

async function finishCheck(kind: string): Promise<void> {
  await channel.sendLast({ type: 'ready', kind });
  process.exit(0);
}

function describeNothing(app: string, exports: readonly string[]): string {
  const what = exports.length === 0 ? 'nothing' : exports.join(', ');
  return `Cannot serve the app "${app}": it exports ${what}, never calls listen(), and has nothing left to do`;
}

/** Tells why, once, and leaves. */
async function fail(kind: 'app' | 'boot', error: unknown): Promise<void> {
  const located = /:\d+/.test(stackOf(error).replaceAll(/\(?node:[^\n]*/g, ''));
  const stack = error instanceof Error && located ? stackOf(error) : undefined;
  await channel.sendLast({
    type: 'failed',
    kind,
    message: messageOf(error),
    ...(stack && { stack }),
  });
  // Only Node itself knows where a module cannot be parsed, and tells it as it dies of it.
  if (error instanceof SyntaxError && !located) {
    setImmediate(() => {
      throw error;
    });
    return;
  }
  process.exit(1);
}
