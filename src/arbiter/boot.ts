import { exitCodes, headline } from '../core/errors.ts';
import { type Draft, log, notify } from './draft.ts';
import { gatewaysReady } from './gateways.ts';
import { stop } from './leave.ts';
import { requestReload } from './roll.ts';
import { countReady } from './slots.ts';
import { type Failure, isServing, isWorker } from './state.ts';

/**
 * The end of the first boot: everything serves, or some of it does and the rest is retried, or
 * nothing at all could be started, which is the only failure that ends the daemon.
 */
export function decideStart(draft: Draft, now: number): void {
  if (draft.mode.kind !== 'starting') return;
  const { next } = draft.mode;
  const broken = [...draft.failures.values()].find(({ role }) => role === 'gateway');
  if (broken) return giveUp(draft, broken.last, now);
  const ready = countReady(draft);
  const children = [...draft.children.values()];
  const isWhole = ready >= draft.target && gatewaysReady(draft);
  if (!isWhole && !children.every(isServing)) return;
  if (children.filter(isWorker).some(isServing) || draft.target === 0) {
    draft.mode = { kind: 'serving' };
    const short = ready < draft.target;
    log(draft, short ? 'warning' : 'info', `Ready: ${ready} of ${draft.target} workers serve`);
    notify(draft, { notice: 'serving' });
    if (next === 'reload') requestReload(draft, { canaryMs: null, confirmMs: null });
    return;
  }
  const failure = [...draft.failures.values()].at(-1)?.last;
  if (failure) giveUp(draft, failure, now); // else nothing has been tried yet
}

function giveUp(draft: Draft, failure: Failure, now: number): void {
  const isApp = failure.kind === 'app';
  const verdict = isApp ? 'App failed to load.' : 'Worker failed to boot.';
  stop(draft, 'quick', now, {
    exitCode: isApp ? exitCodes.appFailed : exitCodes.workerFailed,
    reason: `${verdict} ${tell(failure)}`,
  });
}

/** The words of a syntax error are not worth much without its place, which is in its stack. */
const tell = ({ message, stack = '' }: Failure): string =>
  /^\S+:\d+\n/.test(stack) ? headline(stack) : message;
