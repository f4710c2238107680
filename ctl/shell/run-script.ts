import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { controlExitCodes } from '../../src/core/errors.ts';
import { obey } from './obey.ts';
import type { ShellOptions } from './shell-options.ts';

/** One command for each line; `#` begins a line that is none. The exit code is that of the last failure. */
export async function runScript(options: ShellOptions, input: Readable): Promise<number> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let failure: number = controlExitCodes.done;
  for await (const line of lines) {
    if (line.trimStart().startsWith('#')) continue;
    const exit = await obey(line, options);
    if (exit === 'exit') break;
    if (exit === controlExitCodes.done) continue;
    failure = exit;
    // Somebody who interrupts means all of it.
    if (!options.keepGoing || exit === controlExitCodes.interrupted) break;
  }
  lines.close();
  return failure;
}
