import type { Log } from '../core/logger.ts';
import type { ToWorker, WorkerStart } from '../protocol/worker.ts';
import type { Channel } from '../runtime/channel.ts';
import { type Extras, Worker } from './worker.ts';

/** Everything that has to be in place before the app's first line runs, and nothing unasked for. */
export async function prepareWorker(
  order: WorkerStart,
  channel: Channel,
  log: Log,
): Promise<Worker> {
  const early: ToWorker[] = [];
  let obey = (message: ToWorker): void => void early.push(message);
  channel.onMessage((message) => obey(message));
  const extras = await loadExtras(order, log);
  const worker = new Worker(order, channel, extras);
  obey = (message) => worker.obey(message);
  for (const message of early) obey(message);
  await extras.hooks?.run('postFork');
  if (order.spew) {
    const { startSpew } = await import('../runtime/spew.ts');
    await startSpew((line) => process.stderr.write(`${line}\n`));
  }
  worker.watch();
  return worker;
}

async function loadExtras(order: WorkerStart, log: Log): Promise<Extras> {
  const { access, hooksFrom, slot, generation } = order;
  const extras: Extras = { access: null, hooks: null, log };
  if (access) {
    const { AccessLog } = await import('../log/access-log.ts');
    extras.access = new AccessLog({ ...access, log });
  }
  if (hooksFrom) {
    const { WorkerHooks } = await import('../runtime/worker-hooks.ts');
    const worker = { pid: process.pid, slot, generation };
    extras.hooks = await WorkerHooks.load({ ...hooksFrom, worker, log });
  }
  return extras;
}
