import { messageOf } from '../core/errors.ts';
import { lendCapabilities } from '../process/ambient.ts';
import { isAlive } from '../process/is-alive.ts';
import { asOrphan } from '../process/orphan.ts';
import type { ChildExit, Spawn, SpawnedChild, SpawnRequest } from '../process/spawn.ts';
import type { Inherited } from '../sockets/inherit.ts';
import {
  formatServiceEnvironment,
  type ServiceEnvironment,
} from '../systemd/service-environment.ts';
import type { ArbiterEvent } from './event.ts';

/** Set in the environment of a new program: whom it succeeds. */
export const upgradeVariable = 'TSGUN_UPGRADE_FROM';

/** And which switches an operator has thrown. */
export const switchesVariable = 'TSGUN_UPGRADE_SWITCHES';

/** What an operator wanted of the old program, and did not want for this program only. */
export interface Switches {
  paused: boolean;
  held: boolean;
}

/** What the programs tell each other over the channel between them. */
export type UpgradeWord =
  | { upgrade: 'started'; pid: number }
  | { upgrade: 'ready' }
  | { upgrade: 'failed'; reason: string }
  | { upgrade: 'take-over'; control: ControlPlace | null; switches?: Switches };

/** Where the old program is controlled; the new one takes the place over. */
export interface ControlPlace {
  name: string;
  path: string;
  /** That were made for it, and end with it. */
  folders: readonly string[];
}

/** How this program was started, to be started again in the same way. */
export interface Invocation {
  /** Interpreter, its options, our main file and the command line. */
  command: { file: string; args: readonly string[] };
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** What is left out of it, because it is said to the service itself and to no child. */
  service: ServiceEnvironment | null;
}

export interface UpgradeOptions {
  spawn: Spawn;
  invocation: Invocation;
  push(event: ArbiterEvent): void;
  listeners(): readonly Inherited[];
  control(): ControlPlace | null;
  switches(): Switches;
  /** The `preExec` hook, if there is one. */
  beforeExec(): Promise<void> | null;
  /** The successor is told that everything is its own when this settles. */
  onHandOver(pid: number): Promise<void>;
}

type Phase =
  | { kind: 'idle' }
  | { kind: 'hook' }
  | { kind: 'running'; successor: SpawnedChild; pid: number; lastWord: string | null };

/** The old program's side of a binary upgrade (USR2). */
export class Upgrade {
  readonly #options: UpgradeOptions;
  #phase: Phase = { kind: 'idle' };
  #heir: number | null = null;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  start(): void {
    if (process.pid === 1)
      return this.#fail('everything ends with process 1, so it cannot hand over');
    const hook = this.#options.beforeExec();
    if (!hook) return this.#exec();
    const waiting: Phase = { kind: 'hook' };
    this.#phase = waiting;
    void hook.then(() => {
      if (this.#phase === waiting) this.#exec();
    });
  }

  cancel(): void {
    if (this.#phase.kind === 'running') terminate(this.#phase.pid);
    this.#phase = { kind: 'idle' };
  }

  handOver(): void {
    if (this.#phase.kind !== 'running') return;
    const { pid, successor } = this.#phase;
    this.#heir = pid;
    void this.#options.onHandOver(pid).then(() => {
      const control = this.#options.control();
      const switches = this.#switches(); // they may have been thrown meanwhile
      successor.send({ upgrade: 'take-over', control, switches } satisfies UpgradeWord);
    });
  }

  /** What was handed over is in nobody's hands. */
  get isDeserted(): boolean {
    return this.#heir !== null && !isAlive(this.#heir);
  }

  #switches(): Switches {
    const { paused, held } = this.#options.switches();
    return { paused, held };
  }

  #exec(): void {
    const { invocation, listeners, spawn } = this.#options;
    const passed = listeners();
    try {
      const request: SpawnRequest = {
        ...invocation.command,
        cwd: invocation.cwd,
        env: {
          ...invocation.env,
          ...(invocation.service && formatServiceEnvironment(invocation.service)),
          LISTEN_FDS: String(passed.length),
          LISTEN_FDNAMES: passed.map(({ name }) => name).join(':'),
          [upgradeVariable]: String(process.pid),
          [switchesVariable]: JSON.stringify(this.#switches()),
        },
        descriptors: passed.map(({ fd }) => fd),
        output: 'inherit',
        channel: true,
      };
      this.#watch(lendCapabilities(() => spawn(asOrphan(request))));
    } catch (error) {
      this.#fail(messageOf(error));
    }
  }

  #fail(reason: string): void {
    this.#options.push({ type: 'upgrade-failed', reason });
  }

  #watch(successor: SpawnedChild): void {
    const running: Phase = { kind: 'running', successor, pid: 0, lastWord: null };
    this.#phase = running;
    successor.onMessage((message) => {
      const word = parseUpgradeWord(message);
      if (word?.upgrade === 'started') running.pid = word.pid;
      if (this.#phase !== running) return terminate(running.pid); // it was cancelled before
      if (word?.upgrade === 'failed') running.lastWord = word.reason;
      // One that has died since will be missed in a moment.
      if (word?.upgrade === 'ready' && isAlive(running.pid))
        this.#options.push({ type: 'upgrade-ready', pid: running.pid });
    });
    successor.onExit((exit) => {
      if (this.#phase !== running) return;
      this.#phase = { kind: 'idle' };
      this.#fail(running.lastWord ?? describeExit(exit));
    });
  }
}

function describeExit({ code, signal, error }: ChildExit): string {
  if (error) return error.message;
  if (signal) return `the new program was sent ${signal}`;
  return code === null ? 'the new program has ended' : `the new program exited with code ${code}`;
}

/** It holds its end of the channel, so it lives. */
function terminate(pid: number): void {
  if (pid === 0) return;
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has just ended.
  }
}

const words: ReadonlySet<unknown> = new Set(['started', 'ready', 'failed', 'take-over']);

export function parseUpgradeWord(message: unknown): UpgradeWord | undefined {
  if (typeof message !== 'object' || message === null || !('upgrade' in message)) return undefined;
  if (!words.has(message.upgrade)) return undefined;
  return message as UpgradeWord;
}
