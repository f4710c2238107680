import { controlExitCodes } from '../src/core/errors.ts';
import { defaultGlobals, type Globals, readGlobals } from './command-line/globals.ts';
import type { Reading } from './command-line/program.ts';
import type { RawLine } from './command-line/raw-line.ts';
import { readPlain } from './command-line/read-plain.ts';
import { outputFailure, printNote, printResult } from './output/print.ts';
import { reportFailure, reportOutcome } from './output/report.ts';
import type { Run } from './verbs/run.ts';
import { findVerbFunction } from './verbs/verbs.ts';

/**
 * Does what a command line says and returns its exit code; nothing is thrown. `defaults` hold where
 * it says nothing, as in a shell for one instance. SIGINT makes it leave an operation that goes on.
 */
export async function runWords(
  words: readonly string[],
  defaults: Globals = defaultGlobals,
): Promise<number> {
  const run: Run = {
    verb: '',
    startedAt: process.uptime(),
    instance: null,
    op: null,
    method: null,
    command: 'tsgunctl',
    obey: runWords,
  };
  let exit: number;
  try {
    exit = await obey(run, words, defaults);
  } catch (error) {
    exit = await reportFailure(run, outputOf(words, defaults), error);
  }
  const failure = await outputFailure();
  if (failure === null) return exit;
  printNote(`tsgunctl: Cannot write the result: ${failure.message}`);
  return exit === controlExitCodes.done ? controlExitCodes.failed : exit;
}

async function obey(run: Run, words: readonly string[], defaults: Globals): Promise<number> {
  const reading = await read(words);
  if (reading.kind === 'help') {
    printResult(reading.text);
    return controlExitCodes.done;
  }
  const { line } = reading;
  run.verb = line.verb ?? '';
  const globals = readGlobals(line, defaults);
  if (line.flags['--version']) {
    const { readVersion } = await import('./verbs/version.ts');
    printResult(`tsgunctl ${readVersion()}\n`);
    return controlExitCodes.done;
  }
  const verb = line.verb ?? (await verbForNone());
  if (verb === null) return controlExitCodes.usage;
  const obeyVerb = await findVerbFunction(verb);
  const outcome = await obeyVerb(run, { line, globals });
  return typeof outcome === 'number' ? outcome : reportOutcome(run, globals, outcome);
}

async function read(words: readonly string[]): Promise<Reading> {
  const line = readPlain(words);
  if (line !== null) return { kind: 'line', line };
  return (await import('./command-line/read-line.ts')).readLine(words);
}

/** The shell, where there is somebody to type; null when the help had to do. */
async function verbForNone(): Promise<string | null> {
  if (process.stdin.isTTY && process.stdout.isTTY) return 'shell';
  const { renderHelp } = await import('./command-line/program.ts');
  printNote(renderHelp().trimEnd());
  return null;
}

/** The form of the output that was asked for, even where the rest cannot be understood. */
function outputOf(words: readonly string[], defaults: Globals): Globals {
  const line: RawLine = { verb: null, operands: [], flags: findOutputFlags(words) };
  try {
    return readGlobals(line, { ...defaults });
  } catch {
    return defaults; // a TsgunError that is reported already
  }
}

function findOutputFlags(words: readonly string[]): RawLine['flags'] {
  const text = words.join('\0');
  const found = /(?:^|\0)(?:-o\0?|--output[=\0])(table|jsonl?|value)(?:\0|$)/.exec(text)?.[1];
  return found === undefined ? {} : { '--output': found };
}
