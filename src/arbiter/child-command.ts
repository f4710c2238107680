import type { SpawnRequest } from '../process/spawn.ts';
import type { AccessLogTarget } from '../protocol/worker.ts';
import type { Settings } from '../settings/table.ts';
import type { Generation } from './generation.ts';
import type { ChildId } from './state.ts';

/** What is known when a child is to be started. */
export interface ChildCommand {
  /** Nobody's number where the app is only tried. */
  child: ChildId;
  generation: Generation;
  slot: number;
  requestLimit: number;
  purpose: 'serve' | 'check';
  paused: boolean;
  /** The arbiter's environment at its start, without what is ours. */
  env: Readonly<Record<string, string>>;
}

/** How a child is started, and the first thing that it is told. */
export interface ChildOrder {
  request: SpawnRequest;
  start: { type: 'start' };
}

/** A main module, beside us in the sources as in the build. */
export const mainModule = (folder: string): URL =>
  new URL(`../${folder}/main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/** Node reads the whole head before we can look at its parts; this bounds what it keeps. */
const mostHeadBytes = 1024 * 1024;

const maxHeadBytes = ({ limitRequestLine, limitRequestFields, limitRequestFieldSize }: Settings) =>
  limitRequestLine === 0 || limitRequestFieldSize === 0
    ? mostHeadBytes
    : Math.min(mostHeadBytes, limitRequestLine + limitRequestFields * limitRequestFieldSize);

/** The inspector stays shut until a hang: then SIGUSR1 opens it, and only stderr learns where. */
const inspectorArgs = ['--inspect-port=127.0.0.1:0', '--inspect-publish-uid=stderr'];

/** Options of Node.js for whoever speaks HTTP. */
export const serverArgs = (settings: Settings): string[] => [
  `--max-http-header-size=${maxHeadBytes(settings)}`,
  ...(settings.captureOutput ? inspectorArgs : []),
];

/** NODE_OPTIONS of the app, which a launcher keeps away from us under this name. */
const nodeOptions = 'TSGUN_NODE_OPTIONS';

/** Of our own environment, what is meant for us alone. */
const ours: ReadonlySet<string> = new Set([
  'TSGUN_CMD_ARGS',
  'TSGUN_RUN_DIR',
  'JOURNAL_STREAM',
  nodeOptions,
]);

export const environmentOf = (
  { slot, env }: ChildCommand,
  more: Readonly<Record<string, string>>,
): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name))),
  ...more,
  TSGUN_WORKER_SLOT: String(slot),
});

/** For those that run the app. */
export const appEnvironment = ({ env, generation }: ChildCommand): Record<string, string> => ({
  ...(env[nodeOptions] === undefined ? {} : { NODE_OPTIONS: env[nodeOptions] }),
  ...parseRawEnv(generation.settings.rawEnv),
});

const parseRawEnv = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );

/** Seldom enough that hundreds of idle workers cost next to nothing. */
const longestBeatMs = 2000;
const shortestBeatMs = 50;

/** A child's beats must come several times within the time-out that they prevent. */
export const beatIntervalMs = (timeoutSeconds: number): number =>
  timeoutSeconds === 0
    ? longestBeatMs
    : Math.max(shortestBeatMs, Math.min(longestBeatMs, (timeoutSeconds * 1000) / 5));

/** The first descriptor after stdin, stdout and stderr (`LISTEN_FDS` starts there too). */
export const firstDescriptor = 3;

/** What a child inherits to accept on, under the numbers that it gets them by. */
export const inheritedListeners = ({ generation, slot }: ChildCommand) =>
  generation.listeners
    .descriptorsFor(slot)
    .map(({ address, fd }, index) => ({ ours: fd, fd: firstDescriptor + index, address }));

export const limitsOf = (settings: Settings) => ({
  requestLine: settings.limitRequestLine,
  requestFields: settings.limitRequestFields,
  requestFieldSize: settings.limitRequestFieldSize,
});

export function accessTarget(settings: Settings, stdoutFd: number): AccessLogTarget | null {
  if (settings.accesslog === null) return null;
  const to = settings.accesslog === '-' ? { fd: stdoutFd } : { path: settings.accesslog };
  return { to, format: settings.accessLogFormat };
}

export const procNameOf = ({ app, procName }: Settings): string => procName ?? app ?? '.';
