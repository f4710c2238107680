import { describeEdge } from './gateway-command.ts';
import type { Loaded } from './generation.ts';
import type { Policy } from './state.ts';

type Settled = Pick<Loaded, 'language' | 'settings'>;

/** The settings that decisions are made from, in milliseconds and with the CPUs counted. */
export function policyFrom({ language, settings }: Settled, availableCpus: number): Policy {
  const isPython = language === 'python';
  return {
    workers: countWorkers(settings.workers, availableCpus),
    gateways: isPython ? settings.gateways : 0,
    edge: isPython ? describeEdge(settings) : '',
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
