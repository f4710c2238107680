import type { ChildId } from './state.ts';

/** What an operation waits for. Each is settled by `settleOperations`, or by what it is about. */
export type Goal =
  | { goal: 'scale'; from: number; to: number }
  | { goal: 'reload'; generation: number; previous: number }
  /** The old generation has all its workers again. */
  | { goal: 'abort'; aborted: number; method: string; failed: number }
  | { goal: 'confirm'; generation: number; previous: number }
  | { goal: 'rollback'; generation: number; failed: number }
  /** None of them is left, and each slot has somebody else. */
  | { goal: 'recycle'; children: ReadonlyMap<ChildId, number> }
  | { goal: 'drain' | 'undrain' | 'kill'; child: ChildId }
  | { goal: 'upgrade' }
  | { goal: 'stop' };
