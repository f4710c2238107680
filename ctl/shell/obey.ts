import { controlExitCodes } from '../../src/core/errors.ts';
import { cleanText } from '../terminal/width.ts';
import { findCommand } from './find-command.ts';
import type { ShellOptions } from './shell-options.ts';
import { splitWords } from './split-words.ts';

/** The exit code of what a line asks for; `exit` when it asks to leave. */
export async function obey(line: string, { run }: ShellOptions): Promise<number | 'exit'> {
  const { words, open } = splitWords(line);
  if (open !== null) return complain(`${open} is not closed`);
  const command = findCommand(words);
  switch (command.kind) {
    case 'nothing':
      return controlExitCodes.done;
    case 'exit':
      return 'exit';
    case 'mistake':
      return complain(command.message);
    case 'run':
      return run(command.words);
  }
}

export function complain(message: string): number {
  process.stderr.write(`tsgunctl: ${cleanText(message)}\n`);
  return controlExitCodes.usage;
}
