import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fetchOnce } from '../helpers/strict-client.ts';
import { waitFor } from '../helpers/wait-for.ts';

export const apps = path.join(import.meta.dirname, 'apps');
export const root = path.resolve(import.meta.dirname, '../..');
export const main = path.join(root, 'dist/src/cli/main.js');
const pm2Daemon = path.join(root, 'node_modules/pm2/bin/pm2');

export interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

export type StartServer = () => Promise<Server>;

/** A port that was free a moment ago: the peers cannot be asked which one they got. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function spawnNode(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: 'ignore',
  });
}

async function serve(args: readonly string[], port: number, env = {}): Promise<Server> {
  const child = spawnNode(args, { PORT: String(port), ...env });
  await waitFor(`an answer of ${args.join(' ')}`, () => answers(port), 20_000);
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

export async function answers(port: number): Promise<boolean> {
  try {
    return (await fetchOnce({ port })).status === 200;
  } catch {
    return false;
  }
}

export const bareHttp: StartServer = async () =>
  serve([path.join(apps, 'http.js')], await freePort());

export const cluster: StartServer = async () =>
  serve([path.join(apps, 'cluster.js')], await freePort());

export const tsgun =
  (...args: string[]): StartServer =>
  async () => {
    const port = await freePort();
    return serve([main, '-b', `127.0.0.1:${port}`, ...args, path.join(apps, 'hello.js')], port);
  };

export const tsgunWithAccessLog: StartServer = async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'tsgun-bench-'));
  const server = await tsgun('-w', '2', '--access-logfile', path.join(dir, 'access.log'))();
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true });
    },
  };
};

/** PM2's own daemon, in a home of its own and in the foreground, so that nothing stays behind. */
export const pm2: StartServer = async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'tsgun-bench-pm2-'));
  const env = { PM2_HOME: home };
  const args = ['start', path.join(apps, 'http.js'), '-i', '2', '--no-daemon', '--silent'];
  const server = await serve([pm2Daemon, ...args], await freePort(), env);
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
};
