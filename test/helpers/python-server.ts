import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { pythonFixtures, pythonWith } from './python.ts';
import { startTsgun, type Tsgun } from './start-tsgun.ts';
import { StrictConnection, type Target } from './strict-client.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export type PythonClass = 'sync' | 'gthread' | 'gevent' | 'eventlet' | 'asgi' | 'auto';

export const wsgiClasses = ['sync', 'gthread', 'gevent', 'eventlet'] as const;
export const pythonClasses = [...wsgiClasses, 'asgi'] as const;

/**
 * The suites know servers only by this, so that they can be held against others as well:
 * `TSGUN_TEST_SERVER=gunicorn`, or `uvicorn`, runs them there.
 */
export interface PythonServer {
  readonly name: 'tsgun' | 'gunicorn' | 'uvicorn';
  readonly target: Target;
  readonly pid: number;
  /** What it has logged and printed so far. */
  readonly log: string;
}

export interface PythonOptions {
  /** Modules that the app imports. */
  modules?: readonly string[];
  /** Settings under names that Gunicorn has as well. */
  args?: readonly string[];
  /** Settings of tsgun only. */
  ours?: readonly string[];
  /** Where the app is; else with the fixtures. */
  chdir?: string;
  cwd?: string;
  env?: Record<string, string>;
  waitUntilReady?: boolean;
}

/** The module that a class of workers needs. */
export const modulesOf = (kind: PythonClass): readonly string[] =>
  kind === 'gevent' || kind === 'eventlet' ? [kind] : [];

/** Serves `module:name` with workers of a class. */
export async function startPython(
  t: TestContext,
  kind: PythonClass,
  app: string,
  options: PythonOptions = {},
): Promise<PythonServer> {
  const peer = process.env['TSGUN_TEST_SERVER'] ?? 'tsgun';
  if (peer === 'gunicorn' || peer === 'uvicorn') return startPeer(t, peer, [kind, app], options);
  const tsgun = await startTsgunPython(t, kind, app, options);
  return {
    name: 'tsgun',
    target: { port: tsgun.port },
    pid: tsgun.pid,
    get log() {
      return tsgun.log + tsgun.stdout;
    },
  };
}

/** The same where a test is about tsgun alone. */
export function startTsgunPython(
  t: TestContext,
  kind: PythonClass,
  app: string,
  options: PythonOptions = {},
): Promise<Tsgun> {
  const { modules = [], args = [], ours = [], chdir = pythonFixtures, env = {} } = options;
  const { cwd, waitUntilReady = true } = options;
  const python = pythonWith(...modulesOf(kind), ...modules);
  const all = ['--python', python, '-k', kind, '--chdir', chdir, ...threads(kind, args), ...args];
  const place = cwd === undefined ? {} : { cwd };
  const quiet = { PYTHONDONTWRITEBYTECODE: '1', ...env };
  return startTsgun(t, [...all, ...ours, app], { ...place, env: quiet, waitUntilReady });
}

const threads = (kind: PythonClass, args: readonly string[]): string[] =>
  kind === 'gthread' && !args.includes('--threads') ? ['--threads', '4'] : [];

async function startPeer(
  t: TestContext,
  name: 'gunicorn' | 'uvicorn',
  [kind, app]: readonly [PythonClass, string],
  { modules = [], args = [], chdir = pythonFixtures, env = {} }: PythonOptions,
): Promise<PythonServer> {
  const python = pythonWith(name, ...modulesOf(kind), ...modules);
  const port = await freePort();
  const words =
    name === 'uvicorn'
      ? ['-m', 'uvicorn', '--port', String(port), '--app-dir', chdir, app]
      : ['-m', 'gunicorn', '-b', `127.0.0.1:${port}`, '-k', kind, '--chdir', chdir].concat(
          threads(kind, args),
          args,
          app,
        );
  const child = spawn(python, words, {
    cwd: makeTempDir(t),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = collect(child);
  t.after(() => endPeer(child));
  const target = { port };
  await waitFor(`${name} to listen`, () => {
    if (child.exitCode !== null) throw new Error(`${name} ended:\n${log.text}`);
    return listens(target);
  });
  return {
    name,
    target,
    pid: child.pid ?? 0,
    get log() {
      return log.text;
    },
  };
}

function collect(child: ChildProcess): { text: string } {
  const log = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log.text += text;
    });
  return log;
}

async function endPeer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGQUIT');
  await exited;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listens(target: Target): Promise<boolean> {
  try {
    (await StrictConnection.open(target)).close();
    return true;
  } catch {
    return false;
  }
}
