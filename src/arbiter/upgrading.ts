import { announce, answer, type Draft, log } from './draft.ts';
import type { Outcome } from './event.ts';
import { stop } from './leave.ts';
import { policyOf } from './state.ts';

/** A new program has as long as its workers have to boot, and this to start itself. */
const upgradeStartMs = 10_000;

/** False when it is refused. */
export function requestUpgrade(draft: Draft, now: number): boolean {
  if (draft.mode.kind !== 'serving') {
    log(draft, 'warning', `Upgrade refused: the instance is ${draft.mode.kind}`);
    return false;
  }
  draft.mode = { kind: 'upgrading', deadline: now + policyOf(draft).bootMs + upgradeStartMs };
  draft.effects.push({ do: 'start-upgrade' });
  return true;
}

export function failUpgrade(draft: Draft, reason: string): void {
  if (draft.mode.kind !== 'upgrading') return;
  draft.mode = { kind: 'serving' };
  announce(draft, 'error', { notice: 'upgrade-failed', reason });
  const message = `Upgrade failed, the old program serves on: ${reason}`;
  answerUpgrade(draft, { ok: false, why: 'failed', message });
}

/** The new program serves: it gets the pid file and the rest, and we go. */
export function finishUpgrade(draft: Draft, pid: number, now: number): void {
  if (draft.mode.kind !== 'upgrading') return;
  log(draft, 'info', `Upgrade done: pid ${pid} has taken over`);
  answerUpgrade(draft, { ok: true, result: { to: pid } });
  draft.effects.push({ do: 'hand-over' });
  stop(draft, 'handover', now);
}

function answerUpgrade(draft: Draft, outcome: Outcome): void {
  for (const [op, { goal }] of draft.operations) {
    if (goal === 'upgrade') answer(draft, op, outcome);
  }
}
