import {
  type ControlExitCode,
  controlExitCodes,
  headline,
  stackOf,
  TsgunError,
} from '../../src/core/errors.ts';
import { isJournal } from '../../src/core/journal.ts';
import { type Globals, usageError } from '../command-line/globals.ts';
import type { Outcome, Run } from '../verbs/run.ts';
import type { Line, Look } from './look.ts';
import {
  choosePaint,
  outputWidth,
  printNote,
  printResult,
  renderLines,
  showBare,
  wantsColor,
} from './print.ts';

/** Prints a result as the caller wants it and returns the exit code. */
export async function reportOutcome(run: Run, globals: Globals, outcome: Outcome): Promise<number> {
  const { exit, complaints = [] } = outcome;
  printResult(await renderOutcome(run, globals, outcome));
  if (globals.output === 'table' || globals.output === 'value') {
    for (const complaint of complaints) printNote(`tsgunctl: ${complaint}`);
  }
  return exit;
}

async function renderOutcome(run: Run, globals: Globals, { data, view }: Outcome): Promise<string> {
  switch (globals.output) {
    case 'json': {
      const { toJson, wrapResult } = await import('./json.ts');
      return `${toJson(wrapResult(factsOf(run), data))}\n`;
    }
    case 'jsonl': {
      const { toJson } = await import('./json.ts');
      const rows = view?.rows?.() ?? (Array.isArray(data) ? data : [data]);
      return rows.map((row: unknown) => `${toJson(row ?? null)}\n`).join('');
    }
    case 'value': {
      const { renderValue } = await import('./pick.ts');
      return showBare(renderValue(data, globals.field));
    }
    case 'table': {
      const lines = await renderView(run, globals, { data, view });
      const paint = await choosePaint(wantsColor(globals.color));
      return renderLines(lines, paint, view?.cut === true ? outputWidth() : null);
    }
  }
}

/** Falls back to plain JSON where an instance of another version answers in another form. */
async function renderView(
  run: Run,
  globals: Globals,
  { data, view }: Pick<Outcome, 'data' | 'view'>,
): Promise<Line[]> {
  const look: Look = {
    width: outputWidth(),
    header: globals.header,
    fields: globals.fields,
    verbose: globals.verbose,
    now: Date.now(),
    command: run.command,
  };
  if (globals.fields !== null && !view?.rows) {
    throw usageError(`--fields goes with tables, and "${run.verb}" prints none`);
  }
  try {
    if (view) return view.lines(look);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  const { genericRenderer } = await import('../render/generic.ts');
  return genericRenderer.lines(data, look);
}

/** Says why it failed, as JSON where that is wanted, and returns the exit code. */
export async function reportFailure(run: Run, globals: Globals, thrown: unknown): Promise<number> {
  const { error, exit } = describe(thrown, run);
  const { failedWorkers, hintFor, hintToFollow } = await import('./hints.ts');
  const hint =
    exit === controlExitCodes.interrupted && run.op !== null
      ? hintToFollow(run)
      : hintFor({ ...run, code: error.code, detail: error.detail });
  if (globals.output === 'json' || globals.output === 'jsonl') {
    const { toJson, wrapFailure } = await import('./json.ts');
    printResult(`${toJson(wrapFailure(factsOf(run), error, exit, hint))}\n`);
    return exit;
  }
  if (exit === controlExitCodes.interrupted) {
    if (run.op !== null) printNote(`op:${run.op} goes on; ${hint}`);
    return exit;
  }
  if (isJournal(2, process.env)) {
    // Of ExecReload=: the instance has told the rest, stack and all, in the same journal.
    printNote(`tsgunctl: ${headline(error.message)}`);
    return exit;
  }
  printNote(`tsgunctl: ${error.message}`);
  for (const { slot, detail } of failedWorkers(error.detail)) {
    if (!error.message.includes(detail)) printNote(`  worker ${slot}: ${detail}`);
  }
  if (hint !== null) printNote(`  ${hint}`);
  return exit;
}

function describe(thrown: unknown, { op }: Run): { error: TsgunError; exit: ControlExitCode } {
  if (thrown instanceof TsgunError) return { error: thrown, exit: thrown.controlExitCode };
  if (thrown instanceof Error && thrown.name === 'Interrupted') {
    const message = op === null ? 'Interrupted' : `Interrupted, op:${op} goes on`;
    const error = new TsgunError('TSGUN_E_TIMEOUT', message);
    return { error, exit: controlExitCodes.interrupted };
  }
  return {
    error: new TsgunError('TSGUN_E_CONTROL', stackOf(thrown), { cause: thrown }),
    exit: controlExitCodes.failed,
  };
}

const factsOf = ({ instance, op, startedAt }: Run) => ({
  instance,
  op,
  tookMs: Math.round((process.uptime() - startedAt) * 1000),
});
