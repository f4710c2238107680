import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf, isAlive, titleOf } from './processes.ts';
import { makeTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export const root = path.resolve(import.meta.dirname, '../..');
export const main = path.join(root, 'dist/src/cli/main.js');

export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** `false` for a start that is expected to fail, or to be waited for otherwise. */
  waitUntilReady?: boolean;
}

/** The real program, running in a directory of its own; ended, with all it started, by the test. */
export class Tsgun {
  readonly cwd: string;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #process: ChildProcess;
  #log = '';
  #out = '';

  constructor(args: readonly string[], cwd: string, env: Record<string, string>) {
    this.cwd = cwd;
    this.#process = spawn(process.execPath, [main, ...args], {
      cwd,
      env: { ...cleanEnvironment(), TSGUN_RUN_DIR: path.join(cwd, 'run'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#out += text));
    const closed = once(this.#process, 'close');
    // A successor keeps the pipes open, so they are waited for only a moment.
    this.exited = once(this.#process, 'exit').then(async ([code, signal]) => {
      await Promise.race([closed, delay(500, undefined, { ref: false })]);
      return { code, signal };
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('tsgun could not be started');
    return this.#process.pid;
  }

  /** The error log so far. */
  get log(): string {
    return this.#log;
  }

  get stdout(): string {
    return this.#out;
  }

  /** The port of the first TCP listener. */
  get port(): number {
    const port = /Listening at: http:\/\/[^ ]*:(\d+)/.exec(this.#log)?.[1];
    if (port === undefined) throw new Error(`No port in the log:\n${this.#log}`);
    return Number(port);
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Pids of living workers, by the slot in their title. */
  workers(): number[] {
    return childrenOf(this.pid).filter((pid) => isAlive(pid) && /tsgun: worker/.test(titleOf(pid)));
  }

  /** Waits for the n-th match (from 1) of a pattern in the error log. */
  waitForLog(pattern: RegExp, count = 1, timeoutMs = 20_000): Promise<boolean> {
    const all = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`);
    return waitFor(
      `${pattern} in the log`,
      () => {
        if ((this.#log.match(all)?.length ?? 0) >= count) return true;
        if (!this.running)
          throw new Error(`tsgun ended without ${pattern} in its log:\n${this.#log}`);
        return false;
      },
      timeoutMs,
    );
  }

  /** TERM, then its exit code. */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return (await this.exited).code;
  }

  async end(): Promise<void> {
    const children = childrenOf(this.pid);
    if (this.running) this.#process.kill('SIGKILL');
    await this.exited;
    await waitFor(`the children ${children} of tsgun to be gone`, () => !children.some(isAlive));
  }
}

/** Starts `dist/src/cli/main.js`; `bind` is port 0 unless the arguments or a config file say otherwise. */
export async function startTsgun(
  t: TestContext,
  args: readonly string[],
  { cwd = makeTempDir(t), env = {}, waitUntilReady = true }: StartOptions = {},
): Promise<Tsgun> {
  const bind = args.some((arg) => /^(-b|--bind|-c)/.test(arg)) ? [] : ['-b', '127.0.0.1:0'];
  const tsgun = new Tsgun([...bind, ...args], cwd, env);
  t.after(async () => {
    await tsgun.end();
    if (!t.passed) t.diagnostic(`log of tsgun:\n${tsgun.log}${tsgun.stdout}`);
  });
  if (waitUntilReady) await tsgun.waitForLog(readyLine);
  return tsgun;
}

/** Logged when the first generation serves. */
export const readyLine = /Ready: /;

/** Runs to the end, for starts that fail and commands that only print. */
export async function runTsgun(
  t: TestContext,
  args: readonly string[],
  options: StartOptions = {},
): Promise<{ code: number | null; log: string; stdout: string }> {
  const tsgun = await startTsgun(t, args, { ...options, waitUntilReady: false });
  const { code } = await tsgun.exited;
  return { code, log: tsgun.log, stdout: tsgun.stdout };
}

/** Ours without what the test runner, npm or a developer's shell added. */
function cleanEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'USER'];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
