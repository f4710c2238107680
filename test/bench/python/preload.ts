import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlClient } from '../../../ctl/client.ts';
import { childrenOf, titleOf } from '../../helpers/processes.ts';
import { median, type Row } from '../table.ts';
import { pssKib, treeOf } from './process-tree.ts';
import { type PythonServer, tsgunPython } from './servers.ts';

const app = 'fat_app:app';

/** Memory of 8 preloaded workers of 100 MiB against that of one, and the time of `scale +4`. */
export async function measurePreload(): Promise<Row[]> {
  const one = await settled(1, pythonPss);
  const eight = await settled(8, pythonPss);
  const scale = await settled(4, scaleTimes);
  return [
    {
      what: 'PSS of 8 preloaded workers of 100 MiB, against one',
      measured: `8: ${Math.round(eight)} MiB, 1: ${Math.round(one)} MiB`,
      ratio: eight / one,
      target: 1.5,
      better: 'less',
    },
    {
      what: 'scale +4 with preload_app, ms',
      measured: `${scale.toFixed(0)} ms`,
      ratio: scale,
      target: 100,
      better: 'less',
    },
  ];
}

async function settled<T>(workers: number, look: (server: PythonServer) => T): Promise<Awaited<T>> {
  const args = ['-w', String(workers), '-k', 'sync', '--preload-app'];
  const server = await tsgunPython(app, ...args)();
  try {
    await delay(2000);
    return await look(server);
  } finally {
    await server.stop();
  }
}

/** Everything in Python: workers and the process that they are forked from. MiB. */
function pythonPss({ pids }: PythonServer): number {
  const arbiter = pids[0] ?? 0;
  const python = childrenOf(arbiter)
    .flatMap(treeOf)
    .filter((pid) => !/gateway/.test(titleOf(pid)));
  return python.reduce((sum, pid) => sum + pssKib(pid), 0) / 1024;
}

async function scaleTimes({ dir }: PythonServer): Promise<number> {
  const [socket = ''] = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('control.sock'),
  );
  const client = await ControlClient.connect(path.join(dir, socket));
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const begun = performance.now();
    await client.call('scale', { workers: '+4' });
    times.push(performance.now() - begun);
    await client.call('scale', { workers: '-4' });
  }
  client.close();
  return median(times);
}
