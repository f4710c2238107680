import { exitCodes } from '../core/errors.ts';
import { type Draft, log, notify } from './draft.ts';
import { stop } from './leave.ts';
import { countReady } from './roll.ts';
import type { Failure } from './state.ts';

/**
 * The end of the first boot: everything serves, or some of it does and the rest is retried, or
 * nothing at all could be started, which is the only failure that ends the daemon.
 */
export function decideStart(draft: Draft, now: number, failure: Failure | null): void {
  if (draft.mode.kind !== 'starting') return;
  const ready = countReady(draft);
  if (ready < draft.target && draft.children.size > ready) return;
  if (ready > 0 || draft.target === 0) {
    draft.mode = { kind: 'serving' };
    const short = ready < draft.target;
    log(draft, short ? 'warning' : 'info', `Ready: ${ready} of ${draft.target} workers serve`);
    notify(draft, { notice: 'serving' });
    return;
  }
  const exitCode = failure?.kind === 'app' ? exitCodes.appFailed : exitCodes.workerFailed;
  const verdict = failure?.kind === 'app' ? 'App failed to load.' : 'Worker failed to boot.';
  stop(draft, 'quick', now, {
    exitCode,
    reason: failure ? `${verdict} ${failure.message}` : verdict,
  });
}
