import { messageOf, stackOf, TsgunError } from '../core/errors.ts';
import type { Log } from '../core/logger.ts';
import type { FailureKind, WorkerStart } from '../protocol/worker.ts';
import { openChannel } from '../runtime/channel.ts';
import { setTitle } from '../runtime/proc-title.ts';
import { verifyIdentity } from '../runtime/verify-identity.ts';
import { findApp } from './find-app.ts';
import { importApp, listNames, pickApp } from './load-app.ts';
import { prepareWorker } from './prepare.ts';
import type { Worker } from './worker.ts';

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
    return fail('boot', new TsgunError('TSGUN_E_PRIVILEGES', `Cannot start a worker: ${mismatch}`));
  if (order.umask !== null) process.umask(order.umask);
  let worker: Worker;
  try {
    worker = await prepareWorker(order, channel, log);
  } catch (error) {
    return fail('boot', error);
  }
  await boot(order, worker);
}

async function boot(order: WorkerStart, worker: Worker): Promise<void> {
  let hitch = 'its module waits for something that never comes';
  let serves = false;
  // Nothing is left to happen, and still nobody listens: waiting longer is of no use.
  const onIdle = () =>
    fail('app', new TsgunError('TSGUN_E_APP_LOAD', `Cannot serve "${order.app}": ${hitch}`));
  channel.hold(false);
  process.once('beforeExit', onIdle);
  void worker.serving.then((kind) => {
    serves = true;
    process.removeListener('beforeExit', onIdle);
    channel.hold(true);
    if (order.purpose === 'check') void finishCheck(kind);
  });
  try {
    const place = findApp(order.app, process.cwd());
    const exports = await importApp(place);
    hitch = 'a promise or a function that it exports never settles';
    const app = await pickApp(exports, place);
    hitch = `it exports ${listNames(exports)}, never calls listen(), and has nothing left to do`;
    if (app) worker.offer(app);
  } catch (error) {
    process.removeListener('beforeExit', onIdle);
    if (serves) throw error; // and Node tells it and ends the process, as for any script
    await fail('app', error);
  }
}

async function finishCheck(kind: string): Promise<void> {
  await channel.sendLast({ type: 'ready', kind });
  process.exit(0);
}

/** Tells why, once, and leaves. */
async function fail(kind: FailureKind, error: unknown): Promise<void> {
  const stack = stackInApp(error);
  const message = messageOf(error);
  await channel.sendLast({ type: 'failed', kind, message, ...(stack !== null && { stack }) });
  // Only Node itself knows where a module cannot be parsed, and tells it as it dies of it.
  if (error instanceof SyntaxError && stack === null) {
    setImmediate(() => {
      throw error;
    });
    return;
  }
  process.exit(1);
}

const ours = new URL('..', import.meta.url).href;

/** The stack without our own frames; null when it names no place, or is nobody's business. */
function stackInApp(error: unknown): string | null {
  if (!(error instanceof Error) || error instanceof TsgunError) return null;
  const lines = stackOf(error)
    .split('\n')
    .filter((line) => !line.includes(ours));
  const named = lines.some((line) => /:\d+/.test(line) && !/\(?node:/.test(line));
  return named ? lines.join('\n') : null;
}
