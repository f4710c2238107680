import { isatty } from 'node:tty';
import type { Notice } from '../arbiter/event.ts';
import type { Loaded } from '../arbiter/generation.ts';
import { Generations } from '../arbiter/generations.ts';
import { Instance } from '../arbiter/instance.ts';
import type { Predecessor } from '../arbiter/predecessor.ts';
import { Service } from '../arbiter/service.ts';
import { listenToSignals } from '../arbiter/signals.ts';
import type { ControlPlace, Invocation, Switches } from '../arbiter/upgrade.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, stackOf } from '../core/errors.ts';
import type { ErrorLog } from '../log/error-log.ts';
import { type Outcome, tellOutcome } from '../process/daemonize.ts';
import { PidFile, upgradeSuffix } from '../process/pid-file.ts';
import type { Spawn } from '../process/spawn.ts';
import { setTitle } from '../runtime/proc-title.ts';
import type { Settings } from '../settings/table.ts';
import { holdWithRetries } from '../sockets/hold-with-retries.ts';
import type { Inherited } from '../sockets/inherit.ts';
import { expandNamed, lentAddresses } from '../sockets/inherited-pool.ts';
import { ListenerSet } from '../sockets/listener-set.ts';
import type { ServiceManager } from '../systemd/service-manager.ts';
import { ControlPlane } from './control-plane.ts';
import { makeWay } from './make-way.ts';
import { watchApp } from './watch-app.ts';

export interface ServeOptions {
  loaded: Loaded;
  load(): Promise<Loaded>;
  errorLog: ErrorLog;
  inherited: readonly Inherited[];
  predecessor: Predecessor | null;
  /** Null when we are no service of systemd. */
  manager: ServiceManager | null;
  invocation: Invocation;
  version: string;
  spawn: Spawn;
  clock: Clock;
}

/** Runs an instance to its end. Throws when it cannot be started; nothing is left behind then. */
export async function serve(options: ServeOptions): Promise<Outcome> {
  const { clock, errorLog, inherited, predecessor, version } = options;
  const { log } = errorLog;
  const loaded = useInherited(options.loaded, inherited);
  const { settings } = loaded;
  const info = (message: string) => log({ level: 'info', message });
  const warn = (message: string) => log({ level: 'warning', message });
  setTitle('arbiter', nameOf(settings), 'starting');
  // Whatever goes wrong in a corner, the workers go on serving.
  process.on('uncaughtException', (error) => {
    log({ level: 'critical', message: `Unexpected error: ${stackOf(error)}` });
  });

  const pidFile = await acquirePidFile(settings, predecessor);
  const listeners = new ListenerSet(inherited);
  try {
    info(`Starting tsgun ${version}`);
    const generations = new Generations({
      first: settings,
      listeners,
      load: async () => useInherited(await options.load(), inherited),
      log,
      version,
    });
    if (!predecessor) await makeWay(listeners, settings, options);
    const policy = await holdWithRetries(() => generations.hold(1, loaded), {
      clock,
      onRetry: info,
    });
    if (!predecessor) listeners.adopt(warn);
    for (const address of listeners.addresses)
      info(`Listening at: ${urlOf(address)} (${process.pid})`);
    for (const { fd, name } of listeners.unused) {
      log({
        level: 'warning',
        message: `Nothing binds the inherited descriptor ${fd} ("${name}")`,
      });
    }
    info(loaded.python === null ? 'Using worker: node' : `Using Python: ${loaded.python}`);
    const control = new ControlPlane({ ...options, settings, env: process.env });
    if (!predecessor) await control.bindExplicit();
    return await runInstance(
      { ...options, loaded },
      { generations, listeners, pidFile, policy },
      control,
    );
  } catch (error) {
    listeners.close();
    pidFile?.release();
    loaded.script?.close();
    throw error;
  }
}

type Parts = Pick<
  ConstructorParameters<typeof Instance>[0],
  'generations' | 'listeners' | 'pidFile' | 'policy'
>;

/** Loading winston takes a core from the workers that boot, but not for ever. */
const longestQuietMs = 200;

function runInstance(options: ServeOptions, parts: Parts, control: ControlPlane): Promise<Outcome> {
  const { clock, errorLog, invocation, loaded, predecessor, spawn, version } = options;
  const { settings } = loaded;
  return new Promise((resolve, reject) => {
    const instance = new Instance({
      ...parts,
      clock,
      spawn,
      errorLog,
      version,
      invocation,
      switches: predecessor?.switches,
      control: () => control.place,
      onNotice(notice) {
        showState(notice, settings);
        control.publish(notice);
        service?.onNotice(notice);
        if (notice.notice !== 'serving') return;
        predecessor?.ready();
        setImmediate(() => void startRest(good));
      },
      onHandOver: (pid) => (handedOver = service?.handOver(pid) ?? handedOver),
      onExit: (code, message) =>
        void closeAll().then(() => resolve({ exitCode: instance.endWith(code), message }), reject),
    });
    const service = createService(options, parts, instance);
    let handedOver = Promise.resolve();
    const closeAll = async () => {
      stopWaiting?.();
      await handedOver;
      await control.close();
      await service?.end();
    };
    const openControl = prepareControl(options, parts, { control, instance });
    const startRest = async (outcome?: Outcome) => {
      void errorLog.start();
      if (predecessor) return; // its channel stays open until it has handed everything over
      await openControl(null);
      if (outcome) await tellOutcome(outcome);
    };
    const stopWaiting = predecessor?.onTakeOver((place, switches) => {
      takeOver(parts, settings, errorLog);
      service?.takeOver();
      if (switches) follow(switches, instance);
      void openControl(place);
    });
    listenToSignals({
      obey: (command) =>
        service
          ? void service.prepare(command).then(() => instance.obey(command))
          : instance.obey(command),
      log: errorLog.log,
      onTerminal: isatty(0) || isatty(1),
    });
    if (!predecessor) service?.begin();
    if (settings.reload) void watchApp(settings, { clock, log: errorLog.log, instance });
    instance.start().then(() => clock.after(longestQuietMs, () => void startRest()), reject);
  });
}

function createService(
  options: ServeOptions,
  { listeners }: Parts,
  instance: Instance,
): Service | null {
  const { errorLog, invocation, manager } = options;
  const { log } = errorLog;
  const { env } = invocation;
  return manager && new Service({ ...options, manager, env, log, listeners, instance });
}

/** What the operator has wanted while both programs ran. */
function follow({ paused, held }: Switches, instance: Instance): void {
  if (paused !== instance.state.paused) instance.obey({ command: paused ? 'pause' : 'unpause' });
  if (held !== instance.state.held) instance.obey({ command: held ? 'hold' : 'resume' });
}

const good: Outcome = { exitCode: 0, message: null };

/** The control socket can wait until the workers boot, and all that it needs. */
function prepareControl(
  options: ServeOptions,
  parts: Parts,
  { control, instance }: { control: ControlPlane; instance: Instance },
): (place: ControlPlace | null) => Promise<void> {
  const { clock, inherited, invocation, load, loaded } = options;
  const startedAt = { monotonic: clock.now(), wall: clock.wallTime() };
  return async (place) => {
    const { createOperator } = await import('../arbiter/operator.ts');
    const api = createOperator({
      ...options,
      ...parts,
      instance,
      startedAt,
      env: invocation.env,
      app: loaded.settings.app ?? '.',
      name: () => control.name,
      load: async () => useInherited(await load(), inherited),
      control: () => control.counts,
      awaitSuccessor: () => control.awaitSuccessor(),
    });
    await control.open(api, place);
  };
}

const nameOf = ({ app, procName }: Settings): string => procName ?? app ?? 'app';

const urlOf = (address: string): string =>
  address.startsWith('unix:') ? address : `http://${address}`;

/** Where the user binds nothing, what was passed to us is what we serve on. */
function useInherited(loaded: Loaded, inherited: readonly Inherited[]): Loaded {
  const lent = loaded.origins.bind === undefined ? lentAddresses(inherited) : [];
  const bind = lent.length > 0 ? lent : expandNamed(loaded.settings.bind, inherited);
  return { ...loaded, settings: { ...loaded.settings, bind } };
}

async function acquirePidFile({ pidfile }: Settings, predecessor: Predecessor | null) {
  if (pidfile === null) return null;
  return PidFile.acquire(predecessor ? pidfile + upgradeSuffix : pidfile);
}

/** The old program has let go of everything. */
function takeOver({ listeners, pidFile }: Parts, settings: Settings, { log }: ErrorLog): void {
  listeners.adopt((message) => log({ level: 'warning', message }));
  if (settings.pidfile === null) return;
  try {
    pidFile?.renameTo(settings.pidfile);
  } catch (error) {
    log({ level: 'error', message: `Cannot take over "${settings.pidfile}": ${messageOf(error)}` });
  }
}

const states: Partial<Record<Notice['notice'], string>> = {
  serving: 'serving',
  'reload-started': 'reloading',
  'reload-done': 'serving',
  'reload-failed': 'serving',
  stopping: 'stopping',
};

function showState({ notice }: Notice, settings: Settings): void {
  const state = states[notice];
  if (state !== undefined) setTitle('arbiter', nameOf(settings), state);
}
