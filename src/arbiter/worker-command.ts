import { fileURLToPath } from 'node:url';
import type { SpawnRequest } from '../process/spawn.ts';
import { workerHooks } from '../protocol/config-host.ts';
import type { WorkerStart } from '../protocol/worker.ts';
import type { Settings } from '../settings/table.ts';
import type { Generation } from './generation.ts';

/** The entry of a Node worker, beside us in the sources as in the build. */
const workerMain = fileURLToPath(
  new URL(`../worker/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

/** Node reads the whole head before we can look at its parts; this bounds what it keeps. */
const mostHeadBytes = 1024 * 1024;

const maxHeadBytes = ({ limitRequestLine, limitRequestFields, limitRequestFieldSize }: Settings) =>
  limitRequestLine === 0 || limitRequestFieldSize === 0
    ? mostHeadBytes
    : Math.min(mostHeadBytes, limitRequestLine + limitRequestFields * limitRequestFieldSize);

/** The inspector stays shut until a hang: then SIGUSR1 opens it, and only stderr learns where. */
const inspectorArgs = ['--inspect-port=127.0.0.1:0', '--inspect-publish-uid=stderr'];

export interface WorkerCommand {
  generation: Generation;
  slot: number;
  requestLimit: number;
  purpose: 'serve' | 'check';
  paused: boolean;
  /** The arbiter's environment at its start, without what is ours. */
  env: Readonly<Record<string, string>>;
}

export function workerRequest({ generation, slot, env }: WorkerCommand): SpawnRequest {
  const { settings } = generation;
  const listeners = generation.listeners.descriptorsFor(slot);
  const access = settings.accesslog === '-' ? [1] : [];
  return {
    ...generation.launch({
      file: settings.node ?? process.execPath,
      args: [
        ...settings.nodeArgs,
        `--max-http-header-size=${maxHeadBytes(settings)}`,
        ...(settings.captureOutput ? inspectorArgs : []),
        workerMain,
      ],
    }),
    cwd: settings.chdir,
    env: workerEnvironment(settings, slot, env),
    descriptors: [...listeners.map(({ fd }) => fd), ...access],
    output: settings.captureOutput ? 'capture' : 'inherit',
    channel: true,
  };
}

/** Of our own environment, what is meant for us alone. */
const ours: ReadonlySet<string> = new Set([
  'TSGUN_CMD_ARGS',
  'TSGUN_RUN_DIR',
  'NOTIFY_SOCKET',
  'JOURNAL_STREAM',
]);

const workerEnvironment = (settings: Settings, slot: number, env: WorkerCommand['env']) => ({
  ...Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name))),
  ...poolSize(settings),
  ...parseRawEnv(settings.rawEnv),
  TSGUN_WORKER_SLOT: String(slot),
});

const poolSize = ({ threads }: Settings): Record<string, string> =>
  threads > 1 ? { UV_THREADPOOL_SIZE: String(threads) } : {};

export const parseRawEnv = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );

/** Seldom enough that hundreds of idle workers cost next to nothing. */
const longestBeatMs = 2000;
const shortestBeatMs = 50;

/** A child's beats must come several times within the time-out that they prevent. */
const beatIntervalMs = (timeoutSeconds: number): number =>
  timeoutSeconds === 0
    ? longestBeatMs
    : Math.max(shortestBeatMs, Math.min(longestBeatMs, (timeoutSeconds * 1000) / 5));

/** The first descriptor after stdin, stdout and stderr (`LISTEN_FDS` starts there too). */
const firstDescriptor = 3;

export function workerStart(command: WorkerCommand): WorkerStart {
  const { generation, slot, requestLimit, purpose, paused } = command;
  const { settings, identity } = generation;
  const listeners = generation.listeners
    .descriptorsFor(slot)
    .map(({ address }, index) => ({ fd: firstDescriptor + index, address }));
  return {
    type: 'start',
    slot,
    generation: generation.number,
    purpose,
    app: settings.app ?? '.',
    procName: settings.procName ?? settings.app ?? '.',
    listeners,
    backlog: settings.backlog,
    identity,
    umask: settings.umask,
    keepaliveMs: settings.keepalive * 1000,
    workerConnections: settings.workerConnections,
    limits: {
      requestLine: settings.limitRequestLine,
      requestFields: settings.limitRequestFields,
      requestFieldSize: settings.limitRequestFieldSize,
    },
    beatIntervalMs: beatIntervalMs(settings.timeout),
    paused,
    requestLimit,
    gracefulTimeoutMs: settings.gracefulTimeout * 1000,
    access: accessTarget(settings, firstDescriptor + listeners.length),
    spew: settings.spew,
    hooksFrom: hooksFrom(generation),
  };
}

function hooksFrom({ script, settings }: Generation): WorkerStart['hooksFrom'] {
  const names = workerHooks.filter((name) => script?.functions.includes(name));
  if (!script || names.length === 0) return null;
  return { path: script.path, names, timeoutMs: settings.hookTimeout * 1000 };
}

function accessTarget(settings: Settings, stdoutFd: number): WorkerStart['access'] {
  if (settings.accesslog === null) return null;
  const to = settings.accesslog === '-' ? { fd: stdoutFd } : { path: settings.accesslog };
  return { to, format: settings.accessLogFormat };
}
