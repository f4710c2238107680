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
      return scale(draft, Math.max(1, draft.target + command.by));
    case 'quiet':
      return scale(draft, 0);
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

function scale(draft: Draft, wanted: number): void {
  const to = Math.min(wanted, mostWorkers);
  const from = draft.target;
  if (to === from || draft.mode.kind === 'stopping') return;
  draft.target = to;
  if (draft.mode.kind === 'reloading' && draft.mode.roll) {
    draft.mode = { ...draft.mode, roll: { ...draft.mode.roll, previousTarget: to } };
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
  const { mode } = draft;
  if (mode.kind !== 'stopping') return stop(draft, how, now);
  if (how === 'quick' && mode.how !== 'quick') {
    stop(draft, 'quick', now, { exitCode: mode.exitCode, reason: mode.reason });
  }
}
