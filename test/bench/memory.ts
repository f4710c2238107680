import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuTicks } from '../helpers/cpu-time.ts';
import { childrenOf } from '../helpers/processes.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { bareHttp, spawnNode, tsgun } from './servers.ts';
import { median } from './table.ts';

/** Proportional set size of a process, MiB: proc(5), smaps_rollup. */
const pss = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;

const settleMs = 3000;

/** All four live at the same time, so that they share the pages of the program alike. */
export async function compareMemory(rounds: number) {
  const samples = {
    node: [] as number[],
    arbiter: [] as number[],
    http: [] as number[],
    worker: [] as number[],
  };
  for (let round = 0; round < rounds; round += 1) {
    const node = spawnNode(['-e', 'setInterval(() => {}, 1000)']);
    const http = await bareHttp();
    const server = await tsgun('-w', '1')();
    await delay(settleMs);
    samples.node.push(pss(node.pid ?? 0));
    samples.http.push(pss(http.pid));
    samples.arbiter.push(pss(server.pid));
    samples.worker.push(pss(childrenOf(server.pid)[0] ?? 0));
    node.kill();
    await Promise.all([http.stop(), server.stop()]);
  }
  return {
    node: median(samples.node),
    arbiter: median(samples.arbiter),
    http: median(samples.http),
    worker: median(samples.worker),
  };
}

/** Share of one core that an arbiter with idle workers uses, in percent. */
export async function measureIdleArbiter(workers: number, seconds: number): Promise<number> {
  const server = await tsgun('-w', String(workers))();
  try {
    await waitFor('every worker', () => childrenOf(server.pid).length === workers, 60_000);
    await delay(10_000);
    const before = cpuTicks(server.pid);
    await delay(seconds * 1000);
    return (cpuTicks(server.pid) - before) / seconds;
  } finally {
    await server.stop();
  }
}
