import { describeNotice } from '../arbiter/describe-notice.ts';
import type { Notice } from '../arbiter/event.ts';
import type { ControlPlace } from '../arbiter/upgrade.ts';
import type { ControlSocket } from '../control/control-socket.ts';
import type { ControlServer } from '../control/server.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, TsgunError } from '../core/errors.ts';
import type { ErrorLog } from '../log/error-log.ts';
import { lookUpGroup } from '../process/privileges.ts';
import type { ArbiterApi } from '../protocol/control/methods.ts';
import type { Settings } from '../settings/table.ts';
import { chooseName, defaultPath, explicitPlace } from './control-place.ts';

export interface ControlPlaneOptions {
  settings: Settings;
  version: string;
  errorLog: ErrorLog;
  clock: Clock;
  env: NodeJS.ProcessEnv;
}

/** Told before anybody could ask; more than this nobody missed. */
const mostKept = 1000;

/** The control socket of this program, and everything that is told to those who listen there. */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #kept: ((server: ControlServer) => void)[] = [];
  #socket: ControlSocket | null = null;
  #server: ControlServer | null = null;
  #opening: Promise<void> | null = null;
  #closed = false;
  #succession: Promise<void> | null = null;
  name: string;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.name = chooseName(options.settings, options.env);
    options.errorLog.listen((record) => {
      const { time: at, level, pid, slot = null, message } = record;
      this.#tell((server) => server.publishLog({ at, level, pid, slot, message }));
    });
  }

  get counts(): ControlServer['counts'] {
    return this.#server?.counts ?? noCounts;
  }

  /** Binds a socket that was asked for by name, because a start without it would be no success. */
  async bindExplicit(): Promise<void> {
    const { settings } = this.#options;
    const place = explicitPlace(settings);
    if (place && !settings.noControlSocket) this.#socket = await this.#bind(place);
  }

  /**
   * Answers from now on, in the place of a program that we succeed if there is one. A default
   * socket that cannot be had is no reason not to serve.
   */
  open(api: ArbiterApi, place: ControlPlace | null): Promise<void> {
    this.#opening ??= this.#open(api, place).catch((error: unknown) => {
      const message = `There is no control socket: ${messageOf(error)}`;
      this.#options.errorLog.log({ level: 'warning', message });
    });
    return this.#opening;
  }

  publish(notice: Notice): void {
    const { notice: type, ...detail } = notice;
    const text = describeNotice(notice);
    this.#tell((server) => server.publish({ type, text, detail }));
  }

  /** What a successor needs to take the place over. */
  get place(): ControlPlace | null {
    if (!this.#socket) return null;
    const { path, folders } = this.#socket;
    return { name: this.name, path, folders: [...folders] };
  }

  /** Settles when a successor has taken our name, so that whoever asks then asks it. */
  awaitSuccessor(): Promise<void> {
    this.#succession ??= this.#watchName();
    return this.#succession;
  }

  async #watchName(): Promise<void> {
    const { clock } = this.#options;
    const end = clock.now() + successionMs;
    while (this.#socket?.isCurrent && clock.now() < end) {
      await new Promise<void>((resolve) => void clock.after(lookMs, resolve));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening;
    await this.#succession;
    if (this.#server) await this.#server.close();
    else await this.#socket?.close();
  }

  async #open(api: ArbiterApi, place: ControlPlace | null): Promise<void> {
    const { clock, errorLog, settings, version } = this.#options;
    if (settings.noControlSocket || this.#closed) return;
    const { ControlServer } = await import('../control/server.ts');
    const socket = this.#socket ?? (await this.#find(place));
    const { log } = errorLog;
    if (!socket) {
      const message = 'There is no control socket: set XDG_RUNTIME_DIR, or control_socket';
      return log({ level: 'warning', message });
    }
    this.#socket = socket;
    const access = groupsOf(settings);
    const instance = { name: this.name, version };
    this.#server = new ControlServer({ socket, instance, api, access, log, clock });
    for (const tell of this.#kept.splice(0)) tell(this.#server);
    log({ level: 'info', message: `Control socket: ${socket.path}` });
  }

  async #find(place: ControlPlace | null): Promise<ControlSocket | null> {
    const { env, settings } = this.#options;
    const explicit = explicitPlace(settings);
    if (place) {
      this.name = place.name;
      return this.#bind(explicit ? { ...place, ...explicit } : place, true);
    }
    if (explicit) return this.#bind(explicit);
    return this.#bindDefault(env);
  }

  /** The name of another living instance gets a number. */
  async #bindDefault(env: NodeJS.ProcessEnv): Promise<ControlSocket | null> {
    const { isTaken } = await import('../control/control-socket.ts');
    const wanted = this.name;
    for (let number = 1; number < 100; number += 1) {
      this.name = number === 1 ? wanted : `${wanted}-${number}`;
      const path = defaultPath(this.name, env);
      if (path === null) return null;
      try {
        return await this.#bind({ path, folders: [] });
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
    }
    throw new TsgunError('TSGUN_E_CONTROL', `Every name like "${wanted}" is taken`);
  }

  async #bind(place: Omit<ControlPlace, 'name'>, replace = false): Promise<ControlSocket> {
    const { ControlSocket } = await import('../control/control-socket.ts');
    const { errorLog, settings } = this.#options;
    const rights = rightsOf(settings, (message) => errorLog.log({ level: 'warning', message }));
    return ControlSocket.open({ ...place, ...rights, replace });
  }

  #tell(tell: (server: ControlServer) => void): void {
    if (this.#server) tell(this.#server);
    else if (this.#kept.length < mostKept && !this.#options.settings.noControlSocket)
      this.#kept.push(tell);
  }
}

/** How long a successor may take to open its control socket, and how often we look. */
const successionMs = 2000;
const lookMs = 10;

const noCounts = {
  connections: 0,
  subscribers: 0,
  calls: 0,
  refused: 0,
  eventSeq: 0,
  logSeq: 0,
};

const groupOf = (name: string | null): number | null => (name === null ? null : lookUpGroup(name));

const groupsOf = ({ controlGroup, controlReadGroup }: Settings) => ({
  adminGroup: groupOf(controlGroup),
  readGroup: groupOf(controlReadGroup),
});

/** Only root can give a file to a group that it is not in itself: chown(2). */
const mayGiveTo = (group: number): boolean =>
  process.geteuid?.() === 0 ||
  process.getegid?.() === group ||
  process.getgroups?.().includes(group) === true;

/**
 * A file has one group only: where two are to come in, everybody can knock, and the server turns
 * away who is in neither.
 */
function rightsOf(
  settings: Settings,
  warn: (message: string) => void,
): { mode: number; group: number | null } {
  const { adminGroup, readGroup } = groupsOf(settings);
  const wanted = adminGroup ?? readGroup;
  const group = wanted === null || mayGiveTo(wanted) ? wanted : null;
  if (group !== wanted) {
    const name = settings.controlGroup ?? settings.controlReadGroup;
    warn(
      `Group "${name}" cannot use the control socket: we are not in it, and cannot give it away`,
    );
  }
  const both = adminGroup !== null && readGroup !== null && adminGroup !== readGroup;
  const usual = both ? 0o666 : group === null ? 0o600 : 0o660;
  return { mode: settings.controlSocketMode ?? usual, group };
}
