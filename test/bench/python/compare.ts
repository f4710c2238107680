import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { median } from '../table.ts';
import { cpuMicroseconds } from './process-tree.ts';
import type { StartPythonServer } from './servers.ts';

const run = promisify(execFile);

export interface Measured {
  /** CPU time for a request, over all processes of the server. */
  cpuUs: number;
  rate: number;
}

export interface Load {
  keepAlive: boolean;
  rounds: number;
  seconds: number;
  connections: number;
}

/** Medians over rounds whose order alternates; every server is started anew for each round. */
export async function comparePython<Name extends string>(
  servers: Record<Name, StartPythonServer>,
  load: Load,
): Promise<Record<Name, Measured>> {
  const names = Object.keys(servers) as Name[];
  const all = new Map<Name, Measured[]>(names.map((name) => [name, []]));
  for (let round = 0; round < load.rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed())
      all.get(name)?.push(await measure(servers[name], load));
  }
  const middle = (name: Name): Measured => {
    const samples = all.get(name) ?? [];
    return {
      cpuUs: median(samples.map(({ cpuUs }) => cpuUs)),
      rate: median(samples.map(({ rate }) => rate)),
    };
  };
  return Object.fromEntries(names.map((name) => [name, middle(name)])) as Record<Name, Measured>;
}

async function measure(start: StartPythonServer, load: Load): Promise<Measured> {
  const server = await start();
  try {
    await wrk(server.port, { ...load, seconds: 1 });
    const before = cpuMicroseconds(server.pids);
    const { requests, rate } = await wrk(server.port, load);
    return { cpuUs: (cpuMicroseconds(server.pids) - before) / requests, rate };
  } finally {
    await server.stop();
  }
}

async function wrk(
  port: number,
  { keepAlive, seconds, connections }: Load,
): Promise<{ requests: number; rate: number }> {
  const headers = keepAlive ? [] : ['-H', 'Connection: close'];
  const size = ['-t1', `-c${connections}`, `-d${seconds}s`];
  const { stdout } = await run('wrk', [...size, ...headers, `http://127.0.0.1:${port}/`]);
  const errors = /Socket errors: .*|Non-2xx.*/.exec(stdout);
  if (errors) console.warn(`wrk on port ${port}: ${errors[0]}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return { requests, rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]) };
}
