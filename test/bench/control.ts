import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlClient } from '../../ctl/client.ts';
import { apps, main, root, spawnNode } from './servers.ts';
import { median } from './table.ts';

const ctl = path.join(root, 'dist/ctl/main.js');

/** One instance with its socket in a folder of its own, ended and removed in the end. */
async function withInstance<T>(workers: number, use: (socket: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsgun-bench-'));
  const socket = path.join(folder, 'control.sock');
  const child = spawnNode([
    main,
    ...['-b', `unix:${path.join(folder, 'app.sock')}`, '-w', String(workers)],
    ...['--control-socket', socket, '--errorlog', path.join(folder, 'log')],
    path.join(apps, 'hello.js'),
  ]);
  try {
    await waitUntilReady(socket, workers);
    return await use(socket);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function waitUntilReady(socket: string, workers: number): Promise<void> {
  for (;;) {
    const client = await ControlClient.connect(socket).catch(() => null);
    const status = await client?.call('status', {}).catch(() => null);
    client?.close();
    if (status?.workers.ready === workers) return;
    await delay(20);
  }
}

/** Milliseconds of a round trip of `ping` within one connection, the middle of many. */
export const measurePing = (calls: number): Promise<number> =>
  withInstance(1, async (socket) => {
    const client = await ControlClient.connect(socket);
    const times = await timeCalls(client, 'ping', calls);
    client.close();
    return median(times.slice(times.length / 10));
  });

async function timeCalls(client: ControlClient, method: 'ping' | 'status', calls: number) {
  const times: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const begun = performance.now();
    await client.call(method, {});
    times.push(performance.now() - begun);
  }
  return times;
}

/** The longest `status` took, in milliseconds, while 50 workers are reloaded. */
export const measureStatusInReload = (): Promise<number> =>
  withInstance(50, async (socket) => {
    const [operator, watcher] = await Promise.all([
      ControlClient.connect(socket),
      ControlClient.connect(socket),
    ]);
    const reload = operator.call('reload', {}).then(() => true);
    const times: number[] = [];
    while (!(await Promise.race([reload, delay(20, false)]))) {
      times.push(...(await timeCalls(watcher, 'status', 1)));
    }
    operator.close();
    watcher.close();
    return Math.max(...times);
  });

/** The longest `status` took while 100 clients hear of every event and log line, and one never reads. */
export const measureStatusBesideSubscribers = (): Promise<number> =>
  withInstance(2, async (socket) => {
    const subscribers = await Promise.all(
      Array.from({ length: 100 }, () => ControlClient.connect(socket)),
    );
    for (const subscriber of subscribers) {
      await subscriber.call('subscribe', { topic: 'events' });
      await subscriber.call('subscribe', { topic: 'log' });
    }
    const [operator, watcher] = await Promise.all([
      ControlClient.connect(socket),
      ControlClient.connect(socket),
    ]);
    const recycled = operator.call('recycle', { all: true });
    const times = await timeCalls(watcher, 'status', 500);
    await recycled;
    for (const client of [...subscribers, operator, watcher]) client.close();
    return Math.max(...times);
  });

/** Milliseconds of whole processes: bare node, `tsgunctl status`, and the peers that are installed. */
export const compareStatus = (rounds: number): Promise<Record<string, number>> =>
  withInstance(2, async (socket) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tsgun-peers-'));
    const peers = { ...startPm2(folder), ...startSupervisor(folder) };
    const commands: Record<string, () => void> = {
      node: () => run(process.execPath, ['-e', '0']),
      tsgunctl: () => run(process.execPath, [ctl, '-s', socket, 'status']),
      ...Object.fromEntries(Object.entries(peers).map(([name, { status }]) => [name, status])),
    };
    const times = Object.fromEntries(Object.keys(commands).map((name) => [name, [] as number[]]));
    for (let round = 0; round < rounds; round += 1) {
      const order = Object.entries(commands);
      for (const [name, command] of round % 2 === 0 ? order : order.toReversed()) {
        const begun = performance.now();
        command();
        times[name]?.push(performance.now() - begun);
      }
    }
    for (const { stop } of Object.values(peers)) stop();
    rmSync(folder, { recursive: true, force: true });
    return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
  });

interface Peer {
  status(): void;
  stop(): void;
}

function run(file: string, args: readonly string[], env = process.env): void {
  execFileSync(file, args, { stdio: 'ignore', env });
}

function startPm2(folder: string): Record<string, Peer> {
  const pm2 = path.join(root, 'node_modules/pm2/bin/pm2');
  const env = { ...process.env, PM2_HOME: folder };
  const call = (...args: string[]) => run(process.execPath, [pm2, ...args], env);
  call('start', path.join(apps, 'hello.js'), '-i', '2');
  return { 'pm2 ls': { status: () => call('ls'), stop: () => call('kill') } };
}

function startSupervisor(folder: string): Record<string, Peer> {
  const config = path.join(folder, 'supervisord.conf');
  writeFileSync(
    config,
    `[unix_http_server]\nfile=${folder}/s.sock\n[supervisord]\nlogfile=${folder}/s.log\npidfile=${folder}/s.pid\n` +
      '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n' +
      `[supervisorctl]\nserverurl=unix://${folder}/s.sock\n[program:a]\ncommand=sleep 1000\n`,
  );
  try {
    run('supervisord', ['-c', config]);
  } catch {
    return {}; // ENOENT: it is not installed
  }
  const call = (...args: string[]) => run('supervisorctl', ['-c', config, ...args]);
  return { 'supervisorctl status': { status: () => call('status'), stop: () => call('shutdown') } };
}
