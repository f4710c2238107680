import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Loaded } from '../arbiter/generation.ts';
import { findPredecessor } from '../arbiter/predecessor.ts';
import type { Invocation } from '../arbiter/upgrade.ts';
import { systemClock } from '../core/clock.ts';
import { exitCodes, messageOf, stackOf, TsgunError } from '../core/errors.ts';
import { isJournal } from '../core/journal.ts';
import { ErrorLog } from '../log/error-log.ts';
import { lendCapabilities, withholdCapabilities } from '../process/ambient.ts';
import { daemonize, daemonVariable, type Outcome, tellOutcome } from '../process/daemonize.ts';
import { spawnChild } from '../process/spawn.ts';
import type { Given } from '../settings/resolve.ts';
import type { Settings } from '../settings/table.ts';
import { takeInherited } from '../sockets/inherit.ts';
import { takeServiceEnvironment } from '../systemd/service-environment.ts';
import { ServiceManager } from '../systemd/service-manager.ts';
import { loadSettings } from './load-settings.ts';
import { parseCommandLine } from './program.ts';
import { definedOnly } from './sources.ts';

/** Everything of a call that is found out before anything else, because it changes the environment. */
function readCall(args: readonly string[]) {
  const { env } = process;
  const daemonized = env[daemonVariable] === '1';
  delete env[daemonVariable];
  const predecessor = findPredecessor(env);
  const inherited = takeInherited(env, process.pid);
  const service = takeServiceEnvironment(env, process.pid);
  const command = { file: process.execPath, args: [...process.execArgv, mainFile(), ...args] };
  const invocation: Invocation = {
    command,
    cwd: process.cwd(),
    env: definedOnly(env),
    service,
  };
  return { daemonized, predecessor, inherited, invocation, version: readVersion() };
}

type Call = ReturnType<typeof readCall>;

/** `tsgun`: ends the process with the exit code that says how it went. */
export async function run(args: readonly string[]): Promise<void> {
  let exitCode: number = exitCodes.cannotStart;
  let call: Call | undefined;
  try {
    call = readCall(args);
    exitCode = await obey(args, call);
  } catch (error) {
    const known = error instanceof TsgunError;
    complain(known ? addPrefix(error.message) : stackOf(error));
    if (known) exitCode = error.exitCode;
    if (call) await tellFailure(call, messageOf(error));
    await tellOutcome({ exitCode, message: messageOf(error) });
  }
  process.exit(exitCode);
}

/** There is no error log yet; the journal is told that it is an error all the same: sd-daemon(3). */
function complain(text: string): void {
  const priority = isJournal(2, process.env) ? '<3>' : '';
  process.stderr.write(`${text.replaceAll(/^/gm, priority)}\n`);
}

/** To those who wait for this program to serve. */
async function tellFailure({ invocation, predecessor }: Call, reason: string): Promise<void> {
  const log = () => undefined; // that they do not listen is of no use to anybody now
  if (predecessor) return predecessor.failed(reason);
  if (!invocation.service) return;
  const manager = new ServiceManager(invocation.service, { clock: systemClock, log });
  manager.status(`failed: ${reason}`);
  await manager.settle();
}

async function obey(args: readonly string[], call: Call): Promise<number> {
  if (args[0] === 'init') {
    const { init } = await import('./init/init.ts');
    return init(args.slice(1), sourcesOf(call));
  }
  const line = parseCommandLine(args, call.version);
  if (line.kind === 'print') {
    process.stdout.write(line.text);
    return exitCodes.stopped;
  }
  withholdCapabilities();
  const load = () => loadSettings({ ...sourcesOf(call), commandLine: line.given });
  if (asksFor(line.given, 'checkConfig')) return checkConfig(load, call);
  const loaded = await load();
  if (loaded.settings.checkConfig) return checkConfig(async () => loaded, call);
  if (loaded.settings.printConfig) return printConfig(loaded);
  if (loaded.settings.daemon && !call.daemonized && !call.predecessor) {
    loaded.script?.close();
    return startDaemon(call, loaded.settings);
  }
  return runDaemon(call, loaded, load);
}

const sourcesOf = ({ version, invocation }: Call) => ({
  env: process.env,
  cwd: invocation.cwd,
  version,
  spawn: spawnChild,
  clock: systemClock,
});

const asksFor = (given: readonly Given[], name: string): boolean =>
  given.findLast((entry) => entry.name === name)?.raw === 'true';

/** Exits 0 or 1, whatever is wrong. */
async function checkConfig(load: () => Promise<Loaded>, call: Call): Promise<number> {
  try {
    const loaded = await load();
    for (const warning of loaded.warnings) process.stderr.write(`${addPrefix(warning)}\n`);
    const { checkApp } = await import('../arbiter/check-app.ts');
    const wrong = await checkApp(loaded, {
      spawn: spawnChild,
      env: call.invocation.env,
    });
    if (wrong === null) return exitCodes.stopped;
    process.stderr.write(`tsgun: ${wrong}\n`);
  } catch (error) {
    process.stderr.write(`${addPrefix(messageOf(error))}\n`);
  }
  return exitCodes.cannotStart;
}

async function printConfig({ settings, origins, script }: Loaded): Promise<number> {
  script?.close();
  const { renderSettings } = await import('./print-config.ts');
  process.stdout.write(renderSettings(settings, origins));
  return exitCodes.stopped;
}

async function startDaemon({ inherited, invocation }: Call, settings: Settings): Promise<number> {
  if (inherited.length > 0) {
    throw new TsgunError(
      'TSGUN_E_USAGE',
      'Cannot use "daemon" with inherited sockets: they would be lost',
    );
  }
  if (settings.errorlog === '-') {
    process.stderr.write(
      'tsgun: errorlog is "-", so nothing keeps what the daemon logs from now on\n',
    );
  }
  const { command, cwd, env } = invocation;
  const { exitCode, message } = await lendCapabilities(() =>
    daemonize(spawnChild, { ...command, cwd, env }),
  );
  if (message !== null) process.stderr.write(`${addPrefix(message)}\n`);
  return exitCode;
}

async function runDaemon(call: Call, loaded: Loaded, load: () => Promise<Loaded>): Promise<number> {
  const { errorlog, logFormat, loglevel } = loaded.settings;
  const errorLog = new ErrorLog({
    path: errorlog,
    format: logFormat,
    level: loglevel,
    clock: systemClock,
    env: process.env,
  });
  // Whatever ends us, what was said before is written.
  process.on('exit', () => errorLog.closeSync());
  const outcome = await serveTo(errorLog, call, loaded, load);
  if (outcome.exitCode !== exitCodes.stopped)
    call.predecessor?.failed(outcome.message ?? 'unknown');
  await tellOutcome(outcome);
  await errorLog.close();
  return outcome.exitCode;
}

/** A start that fails is told by the error log, where the operator looks for it. */
async function serveTo(
  errorLog: ErrorLog,
  call: Call,
  loaded: Loaded,
  load: () => Promise<Loaded>,
): Promise<Outcome> {
  const { serve } = await import('./serve.ts');
  const { service } = call.invocation;
  const { log } = errorLog;
  const manager = service && new ServiceManager(service, { clock: systemClock, log });
  try {
    return await serve({
      ...call,
      loaded,
      load,
      errorLog,
      manager,
      spawn: spawnChild,
      clock: systemClock,
    });
  } catch (error) {
    const message = error instanceof TsgunError ? error.message : stackOf(error);
    errorLog.log({ level: 'error', message });
    if (!call.predecessor) manager?.status(`failed: ${message}`);
    await manager?.settle();
    const exitCode = error instanceof TsgunError ? error.exitCode : exitCodes.cannotStart;
    return { exitCode, message };
  }
}

const addPrefix = (message: string): string => message.replaceAll(/^(?=\S)/gm, 'tsgun: ');

const isSource = import.meta.url.endsWith('.ts');

/** As it was named, so that an upgrade follows a link that points to a new version by then. */
const mainFile = (): string => process.argv[1] ?? path.join(import.meta.dirname, 'main.js');

function readVersion(): string {
  const root = path.join(import.meta.dirname, isSource ? '../..' : '../../..');
  const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
