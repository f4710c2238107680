import { TsgunError } from '../../core/errors.ts';
import { countAvailableCpus } from '../../process/available-cpus.ts';
import { table } from '../../settings/table.ts';
import type { FoundApp } from './found-app.ts';

export interface Workers {
  count: number | 'auto';
  /** Why so many; null where somebody wanted it so. */
  because: string | null;
}

/** As it was asked for. Throws TSGUN_E_USAGE. */
export function readWorkers(asked: string): Workers {
  const parsed = table.workers.schema.fromText(asked);
  if (parsed.ok) return { count: parsed.value, because: null };
  const message = `init: --workers: ${JSON.stringify(asked)} is not ${parsed.expected}`;
  throw new TsgunError('TSGUN_E_USAGE', message);
}

/** One that serves by an event loop keeps a CPU busy; one that waits for a database does not. */
export function suitWorkers(
  { language, style }: Pick<FoundApp, 'language' | 'style'>,
  cpus = countAvailableCpus(),
): Workers {
  const machine = `this machine has ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`;
  if (language === 'node' || style === 'asgi') {
    // With two, one serves while the other one is replaced.
    return { count: Math.max(2, cpus), because: `One for each CPU, and at least 2; ${machine}` };
  }
  return { count: 2 * cpus + 1, because: `Two for each CPU, and one more; ${machine}` };
}
