import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { root } from './start-tsgun.ts';
import { waitFor } from './wait-for.ts';

export const ctlMain = path.join(root, 'dist/ctl/main.js');

export interface CtlEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The real `tsgunctl` as a process; ended by the test if it does not end before. */
export class Ctl {
  readonly process: ChildProcess;
  readonly ended: Promise<CtlEnd>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, stdin?: string) {
    this.process = spawn(process.execPath, [ctlMain, ...args], {
      env: { ...cleanEnvironment(), ...env },
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.process.stdin?.end(stdin);
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(this.process, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  waitForOutput(pattern: RegExp): Promise<boolean> {
    return waitFor(
      `${pattern} in the output of tsgunctl`,
      () => {
        const ended = this.process.exitCode !== null || this.process.signalCode !== null;
        if (pattern.test(this.stdout + this.stderr)) return true;
        if (ended) throw new Error(`It ended without ${pattern}:\n${this.stdout}${this.stderr}`);
        return false;
      },
      20_000,
    );
  }
}

export function startCtl(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin?: string,
): Ctl {
  const ctl = new Ctl(args, env, stdin);
  t.after(async () => {
    if (ctl.process.exitCode === null && ctl.process.signalCode === null) {
      ctl.process.kill('SIGKILL');
      await ctl.ended;
    }
  });
  return ctl;
}

/** Runs to the end. */
export const runCtl = (
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin?: string,
): Promise<CtlEnd> => startCtl(t, args, env, stdin).ended;

/** Without what would point to other instances, or change how things look. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, TZ: 'UTC', LANG: 'C.UTF-8', TSGUN_RUN_DIR: '/nonexistent' };
}
