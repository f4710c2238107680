import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Row } from '../table.ts';
import { gatewayOf } from './gateway-of.ts';
import { pssKib } from './process-tree.ts';
import { tsgunPython } from './servers.ts';

const count = 10_000;
/** V8 gives back what it does not need when nothing happens for some seconds. */
const settleMs = 15_000;

/** Memory of the gateway for each connection that has had an answer and is silent since. */
export async function measureIdleConnections(): Promise<Row[]> {
  const args = ['-w', '1', '-k', 'sync', '--keepalive', '300'];
  const server = await tsgunPython('python_apps:hello', ...args)();
  const gateway = gatewayOf(server.pids[0] ?? 0);
  // As many again come and go first, so that the heap has its working size.
  await (await openClients(server.port, 500))();
  await delay(2000);
  const before = pssKib(gateway);
  const closers: (() => Promise<void>)[] = [];
  try {
    for (let group = 0; group < 2; group += 1)
      closers.push(await openClients(server.port, count / 2));
    await delay(settleMs);
    const each = (pssKib(gateway) - before) / count;
    return [
      {
        what: `idle keep-alive connection of ${count}, KiB`,
        measured: `${each.toFixed(1)} KiB each, ${Math.round(before / 1024)} MiB before`,
        ratio: each,
        target: 12,
        better: 'less',
      },
    ];
  } finally {
    for (const close of closers) await close();
    await server.stop();
  }
}

/** In processes of their own, for the limit of descriptors; gives back what ends them. */
async function openClients(port: number, number: number): Promise<() => Promise<void>> {
  const child = fork(path.join(import.meta.dirname, 'idle-clients.ts'), [
    String(port),
    String(number),
  ]);
  await once(child, 'message');
  return async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
}
