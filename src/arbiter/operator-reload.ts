import { TsgunError } from '../core/errors.ts';
import type { ArbiterApi, Caller, Params, Result } from '../protocol/control/methods.ts';
import { checkApp } from './check-app.ts';
import { describeOtherGeneration } from './conflicts.ts';
import type { Command } from './event.ts';
import { type Complete, unwrap } from './operation-record.ts';
import { viewChanges } from './operator-config.ts';
import type { OperatorOptions } from './operator-options.ts';

/** Nobody's number: a rehearsal holds its listeners and settings by it. */
const rehearsal = 0;

const longestReason = 500;

/** It goes into the log, into events, and into every answer of `status`. */
export const cutReason = (reason: string): string =>
  reason.length > longestReason ? `${reason.slice(0, longestReason)}...` : reason;

/** Reloads for real and rehearsed. */
export function createReloadApi(options: OperatorOptions): Pick<ArbiterApi, 'reload'> {
  const { instance, errorLog } = options;
  let rehearsing = false;
  return {
    async reload(params, caller) {
      const { dryRun = false, reason } = params;
      if (reason !== undefined) {
        errorLog.log({ level: 'info', message: `Reload: ${cutReason(reason)}` });
      }
      if (!dryRun) return reload(options, params, caller);
      const refusal = whyNoRehearsal(options, params, rehearsing);
      if (refusal !== null) throw new TsgunError('TSGUN_E_CONFLICT', `Cannot reload: ${refusal}`);
      rehearsing = true;
      try {
        return await instance.records.operations.run('reload', caller.progress, () =>
          rehearse(options),
        );
      } finally {
        rehearsing = false;
      }
    },
  };
}

function whyNoRehearsal(
  { instance }: OperatorOptions,
  { ifGeneration }: Params<'reload'>,
  rehearsing: boolean,
): string | null {
  if (rehearsing) return 'another dry run is under way';
  return describeOtherGeneration(instance.state, ifGeneration);
}

async function reload(
  options: OperatorOptions,
  params: Params<'reload'>,
  { progress }: Caller,
): Promise<Result<'reload'>> {
  const { instance } = options;
  const { generation: previous } = instance.state;
  const before = instance.current().settings;
  const complete: Complete = (result) => {
    const { settings, origins } = instance.current();
    return { ...result, previous, changes: viewChanges(before, settings, origins) };
  };
  const command = reloadCommand(options, params);
  const outcome = await instance.operate('reload', command, progress, complete);
  const result = unwrap(outcome) as Result<'reload'>;
  if (params.reason !== undefined) {
    instance.records.history.explain(result.generation, cutReason(params.reason));
  }
  return result;
}

function reloadCommand(
  { instance }: OperatorOptions,
  { canary, stabilize, confirmWithin, ifGeneration }: Params<'reload'>,
): Command {
  const { stabilize: usual } = instance.current().settings;
  const careful = stabilize !== undefined || canary === true;
  return {
    command: 'reload',
    canaryMs: careful ? (stabilize ?? usual) * 1000 : null,
    confirmMs: confirmWithin === undefined ? null : confirmWithin * 1000,
    ...(ifGeneration !== undefined && { ifGeneration }),
  };
}

/** Everything a reload does before the first worker is replaced, and then nothing of it stays. */
async function rehearse(options: OperatorOptions): Promise<Omit<Result<'reload'>, 'op'>> {
  const { env, generations, instance, spawn } = options;
  const running = instance.current().settings;
  const { generation } = instance.state;
  await generations.prepare(rehearsal);
  try {
    const loaded = generations.get(rehearsal);
    const changes = viewChanges(running, loaded.settings, loaded.origins);
    const wrong = await checkApp(loaded, { spawn, env });
    if (wrong !== null) throw new TsgunError('TSGUN_E_OPERATION', `Dry run failed: ${wrong}`);
    const none = { confirmWithinMs: null, workers: [] };
    return { outcome: 'dry-run', generation, previous: generation, changes, ...none };
  } finally {
    generations.release(rehearsal);
  }
}
