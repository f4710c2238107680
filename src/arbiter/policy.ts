import type { Settings } from '../settings/table.ts';
import type { Policy } from './state.ts';

/** The settings that decisions are made from, in milliseconds and with the CPUs counted. */
export function policyFrom(settings: Settings, availableCpus: number): Policy {
  return {
    workers: countWorkers(settings.workers, availableCpus),
    bootMs: settings.bootTimeout * 1000,
    timeoutMs: settings.timeout * 1000,
    gracefulMs: settings.gracefulTimeout * 1000,
    quickMs: settings.quickTimeout * 1000,
    dumpMs: settings.dumpTimeout * 1000,
    surge: settings.reloadSurge,
    canaryMs: settings.reloadCanary ? settings.stabilize * 1000 : null,
    backoff: { initialMs: settings.backoffInitial * 1000, maxMs: settings.backoffMax * 1000 },
    stableMs: settings.backoffReset * 1000,
    maxMemory: settings.maxMemory,
    maxAgeMs: settings.maxWorkerAge * 1000,
  };
}

/** Gunicorn's advice for `auto`: two workers for each CPU and one more. */
const countWorkers = (workers: number | 'auto', cpus: number): number =>
  workers === 'auto' ? 2 * cpus + 1 : workers;
