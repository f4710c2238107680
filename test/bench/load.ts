import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { StartServer } from './servers.ts';
import { median } from './table.ts';

const run = promisify(execFile);

export interface LoadOptions {
  keepAlive: boolean;
  rounds: number;
  seconds: number;
  connections: number;
}

/** Requests per second of each server: medians over rounds whose order alternates. */
export async function compareLoad<Name extends string>(
  servers: Record<Name, StartServer>,
  options: LoadOptions,
): Promise<Record<Name, number>> {
  const names = Object.keys(servers) as Name[];
  const rates = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const server = await servers[name]();
      try {
        await wrk(server.port, { ...options, seconds: 1 });
        rates.get(name)?.push(await wrk(server.port, options));
      } finally {
        await server.stop();
      }
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(rates.get(name) ?? [])])) as Record<
    Name,
    number
  >;
}

async function wrk(
  port: number,
  { keepAlive, seconds, connections }: LoadOptions,
): Promise<number> {
  const headers = keepAlive ? [] : ['-H', 'Connection: close'];
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    ...headers,
    `http://127.0.0.1:${port}/`,
  ];
  const { stdout } = await run('wrk', args);
  const errors = /Socket errors: .*|Non-2xx.*/.exec(stdout);
  if (errors) console.warn(`wrk on port ${port}: ${errors[0]}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}
