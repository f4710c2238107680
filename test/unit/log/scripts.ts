import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';

interface ScriptOptions {
  args?: string[];
  /** A descriptor for its stdout; ours when absent. */
  stdout?: number;
  stderr?: number;
  env?: NodeJS.ProcessEnv;
}

/** Runs a module in a process of its own, which ends with the test. */
export function spawnScript(t: TestContext, script: string, options: ScriptOptions): ChildProcess {
  const { args = [], env, stderr = 2, stdout = 1 } = options;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    stdio: ['ignore', stdout, stderr],
    env: { ...process.env, ...env },
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** A file of src as it is named in an import. */
spawnScript.src = (file: string): string =>
  JSON.stringify(new URL(`../../../src/${file}`, import.meta.url).href);
