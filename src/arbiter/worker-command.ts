import { fileURLToPath } from 'node:url';
import type { SpawnRequest } from '../process/spawn.ts';
import { workerHooks } from '../protocol/config-host.ts';
import type { WorkerStart } from '../protocol/worker.ts';
import type { Settings } from '../settings/table.ts';
import {
  accessTarget,
  appEnvironment,
  beatIntervalMs,
  type ChildCommand,
  environmentOf,
  firstDescriptor,
  inheritedListeners,
  limitsOf,
  mainModule,
  procNameOf,
  serverArgs,
} from './child-command.ts';
import type { Generation } from './generation.ts';

const workerMain = fileURLToPath(mainModule('worker'));

/** A Node worker. */
export function workerRequest(command: ChildCommand): SpawnRequest {
  const { settings, launch } = command.generation;
  const access = settings.accesslog === '-' ? [1] : [];
  return {
    ...launch({
      file: settings.node ?? process.execPath,
      args: [...settings.nodeArgs, ...serverArgs(settings), workerMain],
    }),
    cwd: settings.chdir,
    env: environmentOf(command, { ...poolSize(settings), ...appEnvironment(command) }),
    descriptors: [...inheritedListeners(command).map(({ ours }) => ours), ...access],
    output: settings.captureOutput ? 'capture' : 'inherit',
    channel: true,
  };
}

const poolSize = ({ threads }: Settings): Record<string, string> =>
  threads > 1 ? { UV_THREADPOOL_SIZE: String(threads) } : {};

export function workerStart(command: ChildCommand): WorkerStart {
  const { generation, slot, requestLimit, purpose, paused } = command;
  const { settings, identity } = generation;
  const listeners = inheritedListeners(command).map(({ fd, address }) => ({ fd, address }));
  return {
    type: 'start',
    slot,
    generation: generation.number,
    purpose,
    app: settings.app ?? '.',
    procName: procNameOf(settings),
    listeners,
    backlog: settings.backlog,
    identity,
    umask: settings.umask,
    keepaliveMs: settings.keepalive * 1000,
    workerConnections: settings.workerConnections,
    limits: limitsOf(settings),
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
