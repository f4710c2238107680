import { ReadStream } from 'node:tty';
import type { ShellOptions } from './shell-options.ts';

/** Obeys what is typed, or what standard input has line by line; the exit code. */
export async function runShell(options: ShellOptions): Promise<number> {
  if (process.stdin instanceof ReadStream) {
    const { converse } = await import('./converse.ts');
    return converse(options, process.stdin);
  }
  const { runScript } = await import('./run-script.ts');
  return runScript(options, process.stdin);
}
