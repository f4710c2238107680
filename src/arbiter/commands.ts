import { assertNever } from '../core/errors.ts';
import { type Draft, log, notify } from './draft.ts';
import type { Command } from './event.ts';
import { stop } from './leave.ts';
import { requestReload } from './roll.ts';
import { policyOf } from './state.ts';

/** More than this is a typing error or a storm of TTIN. */
const mostWorkers = 1024;

/** A new program has as long as its workers have to boot, and this to start itself. */
const upgradeStartMs = 10_000;

export function obey(draft: Draft, command: Command, now: number): void {
  switch (command.command) {
    case 'reload':
      return requestReload(draft);
    case 'scale':
      return scale(draft, (workers) => addWorkers(workers, command.by));
    case 'quiet':
      return scale(draft, () => 0);
    case 'reopen':
      draft.effects.push({ do: 'reopen' });
      return;
    case 'upgrade':
      return upgrade(draft, now);
    case 'stop':
      return obeyStop(draft, command.how, now);
    default:
      return assertNever(command);
  }
}

/** Never down to none; where there is none already, only up. */
const addWorkers = (workers: number, by: number): number =>
  Math.min(mostWorkers, Math.max(Math.min(workers, 1), workers + by));

function scale(draft: Draft, change: (workers: number) => number): void {
  const from = draft.target;
  const to = change(from);
  if (to === from || draft.mode.kind === 'stopping') return;
  draft.target = to;
  if (draft.mode.kind === 'reloading' && draft.mode.roll) {
    const { roll } = draft.mode;
    const previousTarget = change(roll.previousTarget);
    draft.mode = { ...draft.mode, roll: { ...roll, previousTarget } };
  }
  log(draft, 'info', `Number of workers: ${from} -> ${to}`);
  notify(draft, { notice: 'scaled', from, to });
}

function upgrade(draft: Draft, now: number): void {
  if (draft.mode.kind !== 'serving') {
    log(draft, 'warning', `Upgrade refused: the instance is ${draft.mode.kind}`);
    return;
  }
  draft.mode = { kind: 'upgrading', deadline: now + policyOf(draft).bootMs + upgradeStartMs };
  draft.effects.push({ do: 'start-upgrade' });
}

export function failUpgrade(draft: Draft, reason: string): void {
  if (draft.mode.kind !== 'upgrading') return;
  draft.mode = { kind: 'serving' };
  log(draft, 'error', `Upgrade failed, this program serves on: ${reason}`);
  notify(draft, { notice: 'upgrade-failed', reason });
}

/** The new program serves: it gets the pid file and the rest, and we go. */
export function finishUpgrade(draft: Draft, pid: number, now: number): void {
  if (draft.mode.kind !== 'upgrading') return;
  log(draft, 'info', `Upgrade done: pid ${pid} has taken over`);
  draft.effects.push({ do: 'hand-over' });
  stop(draft, 'handover', now);
}

/** A second, harder word shortens a stop; a softer one changes nothing. */
function obeyStop(draft: Draft, how: 'graceful' | 'quick', now: number): void {
  const { mode, children } = draft;
  if (mode.kind !== 'stopping') return stop(draft, how, now);
  if (how === 'quick' && mode.how !== 'quick' && children.size > 0) {
    stop(draft, 'quick', now, { exitCode: mode.exitCode, reason: mode.reason });
  }
}
