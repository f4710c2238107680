import { describeNotice } from './describe-notice.ts';
import { announce, answer, type Draft } from './draft.ts';
import type { Outcome } from './event.ts';

export function succeed(draft: Draft): void {
  const { generation } = draft;
  announce(draft, 'info', { notice: 'reload-done', generation });
  answerReload(draft, generation, {
    ok: true,
    result: { outcome: 'done', generation, confirmWithinMs: null },
  });
}

export function fail(
  draft: Draft,
  generation: number,
  reason: string,
  kept = draft.generation,
): void {
  const notice = { notice: 'reload-failed', generation, reason, kept } as const;
  announce(draft, 'error', notice);
  answerReload(draft, generation, { ok: false, why: 'failed', message: describeNotice(notice) });
}

export function answerReload(draft: Draft, generation: number, outcome: Outcome): void {
  for (const [op, goal] of draft.operations) {
    if (goal.goal === 'reload' && goal.generation === generation) answer(draft, op, outcome);
  }
}
