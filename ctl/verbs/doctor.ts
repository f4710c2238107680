import { controlExitCodes, TsgunError } from '../../src/core/errors.ts';
import type { ControlClient } from '../client.ts';
import type { Globals } from '../command-line/globals.ts';
import { runDoctor } from '../doctor/doctor.ts';
import { renderChecks } from '../doctor/render-checks.ts';
import { pathsOf } from '../instances/connect.ts';
import { runFolders } from '../instances/folders.ts';
import { outputWidth, printResult, wantsColor } from '../output/print.ts';
import { openInstance } from './open.ts';
import { untilImpatient } from './patience.ts';
import type { Invocation, Outcome, Run } from './run.ts';

/** Looks for what is wrong; 1 when something is. */
export async function examine(run: Run, { globals }: Invocation): Promise<Outcome | number> {
  const { client, absence } = await openIfThere(run, globals);
  try {
    const checks = await untilImpatient(
      runDoctor({
        client,
        absence,
        instance: run.instance ?? globals.instance,
        socketPath: client?.path ?? pathsOf(globals)[0] ?? null,
        runDirs: runFolders(process.env, process.getuid?.() ?? 0),
      }),
      globals.timeoutMs,
    );
    const failed = checks.some(({ verdict }) => verdict === 'fail');
    const exit = failed ? controlExitCodes.failed : controlExitCodes.done;
    if (globals.output !== 'table') {
      return { data: checks, exit, view: { lines: () => [], rows: () => checks } };
    }
    const color = wantsColor(globals.color);
    printResult(renderChecks(checks, { color, width: outputWidth() }));
    return exit;
  } finally {
    client?.close();
  }
}

async function openIfThere(
  run: Run,
  globals: Globals,
): Promise<{ client: ControlClient | null; absence: string | null }> {
  try {
    return { client: await openInstance(run, globals), absence: null };
  } catch (error) {
    const usage = error instanceof TsgunError && error.code === 'TSGUN_E_USAGE';
    if (usage || !(error instanceof TsgunError)) throw error;
    return { client: null, absence: error.message };
  }
}
