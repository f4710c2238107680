import { pythonFolder } from '../process/python-interpreter.ts';
import type { SpawnRequest } from '../process/spawn.ts';
import type { PythonClass, PythonStart } from '../protocol/python.ts';
import type { Settings } from '../settings/table.ts';
import {
  appEnvironment,
  beatIntervalMs,
  type ChildCommand,
  environmentOf,
} from './child-command.ts';
import type { Generation } from './generation.ts';
import { pythonConfig } from './python-config.ts';

/** A Python worker: it goes to the folder of the app by itself, after its own package is found. */
export function pythonRequest(command: ChildCommand): SpawnRequest {
  const { launch, python, settings } = command.generation;
  return {
    ...launch({ file: python ?? 'python3', args: ['-m', 'tsgun_python'] }),
    cwd: pythonFolder,
    env: environmentOf(command, appEnvironment(command)),
    descriptors: [],
    output: settings.captureOutput ? 'capture' : 'inherit',
    channel: true,
    stack: true,
  };
}

export function pythonStart(command: ChildCommand): PythonStart {
  const { child, generation, slot, requestLimit, purpose } = command;
  const { settings, identity, software } = generation;
  return {
    type: 'start',
    role: 'python',
    child,
    slot,
    generation: generation.number,
    purpose,
    app: settings.app ?? '.',
    chdir: settings.chdir,
    pythonPath: settings.pythonpath,
    workerClass: pythonClass(settings),
    threads: settings.threads,
    workerConnections: settings.workerConnections,
    link: linkFor(generation, slot),
    identity,
    umask: settings.umask,
    beatIntervalMs: beatIntervalMs(settings.timeout),
    timeoutMs: settings.timeout * 1000,
    gracefulTimeoutMs: settings.gracefulTimeout * 1000,
    requestLimit,
    loglevel: settings.loglevel,
    spew: settings.spew,
    asgi: {
      loop: settings.asgiLoop,
      lifespan: settings.asgiLifespan,
      rootPath: settings.rootPath,
      disconnectGraceMs: settings.asgiDisconnectGracePeriod * 1000,
    },
    wsgi: { multiprocess: settings.workers !== 1, sendfile: settings.sendfile },
    software,
    config: pythonConfig(generation),
  };
}

/** As Gunicorn has it, `sync` with threads is `gthread`. */
export function pythonClass({ threads, workerClass }: Settings): PythonClass {
  if (workerClass === 'node') return 'auto';
  return workerClass === 'sync' && threads > 1 ? 'gthread' : workerClass;
}

/** Each worker belongs to one gateway. */
function linkFor({ links }: Generation, slot: number): PythonStart['link'] {
  const link = links[slot % Math.max(1, links.length)];
  return link ? { name: link.name, token: link.token } : null;
}
