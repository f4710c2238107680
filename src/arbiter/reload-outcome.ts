import { answer, type Draft, log, notify } from './draft.ts';
import type { Outcome } from './event.ts';

export function succeed(draft: Draft): void {
  const { generation } = draft;
  log(draft, 'info', `Reload done: generation ${generation} serves`);
  notify(draft, { notice: 'reload-done', generation });
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
  log(draft, 'error', `Reload failed, generation ${kept} serves on: ${reason}`);
  notify(draft, { notice: 'reload-failed', generation, reason, kept });
  const message = `Reload failed, generation ${kept} serves on: ${reason}`;
  answerReload(draft, generation, { ok: false, why: 'failed', message });
}

export function answerReload(draft: Draft, generation: number, outcome: Outcome): void {
  for (const [op, goal] of draft.operations) {
    if (goal.goal === 'reload' && goal.generation === generation) answer(draft, op, outcome);
  }
}
