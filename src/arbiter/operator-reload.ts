import { TsgunError } from '../core/errors.ts';
import type { ArbiterApi, Params, Result } from '../protocol/control/methods.ts';
import { checkApp } from './check-app.ts';
import type { Command } from './event.ts';
import { unwrap } from './operation-record.ts';
import { viewChanges } from './operator-config.ts';
import type { OperatorOptions } from './operator-options.ts';

/** Nobody's number: a rehearsal holds its listeners and settings by it. */
const rehearsal = 0;

/** Reloads for real and rehearsed. */
export function createReloadApi(options: OperatorOptions): Pick<ArbiterApi, 'reload'> {
  const { instance, errorLog } = options;
  let rehearsing = false;
  return {
    async reload(params, { progress }) {
      const { dryRun = false, reason } = params;
      if (reason !== undefined) errorLog.log({ level: 'info', message: `Reload: ${reason}` });
      if (!dryRun) {
        const command = reloadCommand(options, params);
        return reload(options, params, () => instance.operate('reload', command, progress));
      }
      if (rehearsing) {
        throw new TsgunError('TSGUN_E_CONFLICT', 'Cannot reload: another dry run is under way');
      }
      rehearsing = true;
      try {
        return await instance.records.operations.run('reload', progress, () => rehearse(options));
      } finally {
        rehearsing = false;
      }
    },
  };
}

type Operate = () => ReturnType<OperatorOptions['instance']['operate']>;

async function reload(
  { instance }: OperatorOptions,
  { reason }: Params<'reload'>,
  operate: Operate,
): Promise<Result<'reload'>> {
  const { generation: previous } = instance.state;
  const before = instance.current().settings;
  const outcome = await operate();
  const result = unwrap(outcome) as Result<'reload'>;
  const { settings, origins } = instance.current();
  if (reason !== undefined) instance.records.history.explain(result.generation, reason);
  return { ...result, previous, changes: viewChanges(before, settings, origins) };
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
