import { controlExitCodes } from '../../src/core/errors.ts';
import { choice } from '../../src/core/schema.ts';
import type { ControlClient } from '../client.ts';
import { readValue } from '../command-line/globals.ts';
import { printResult, wantsColor } from '../output/print.ts';
import { runShell } from '../shell/shell.ts';
import { runTop } from '../top/top.ts';
import { openInstance } from './open.ts';
import { untilImpatient } from './patience.ts';
import type { Invocation, Run } from './run.ts';

/** Until somebody quits. */
export async function showTop(run: Run, { globals }: Invocation): Promise<number> {
  const client = await openInstance(run, globals);
  try {
    const instance = await nameOf(run, client);
    return await runTop(client, { instance, color: wantsColor(globals.color) });
  } finally {
    client.close();
  }
}

export async function openShell(run: Run, { line, globals }: Invocation): Promise<number> {
  const client = await openInstance(run, globals);
  try {
    const instance = await nameOf(run, client);
    // The same instance for every line, also when others come and go meanwhile.
    const defaults = globals.instance === null ? { ...globals, socket: client.path } : globals;
    return await runShell({
      client,
      instance,
      color: wantsColor(globals.color),
      keepGoing: line.flags['--keep-going'] === true,
      run: (words) => run.obey(words, defaults),
    });
  } finally {
    client.close();
  }
}

export async function printCompletion(_run: Run, { line }: Invocation): Promise<number> {
  const { completionShells, renderCompletion } = await import('../completion/completion.ts');
  const shell = readValue('SHELL', line.operands[0] ?? '', choice(...completionShells));
  printResult(renderCompletion(shell));
  return controlExitCodes.done;
}

async function nameOf(run: Run, client: ControlClient): Promise<string> {
  if (run.instance !== null) return run.instance;
  return (await untilImpatient(client.call('hello', { client: 'tsgunctl' }), null)).instance;
}
