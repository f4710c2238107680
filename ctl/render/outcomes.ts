import type { WorkerOutcome } from '../../src/protocol/control/views.ts';
import { formatNumber } from '../output/format.ts';
import type { Line, Look } from '../output/look.ts';
import type { Tone } from '../terminal/paint.ts';

const tones: Readonly<Record<WorkerOutcome['outcome'], Tone>> = {
  ready: 'good',
  left: 'plain',
  failed: 'bad',
  parked: 'plain',
  returned: 'good',
  unchanged: 'faint',
};

/** What happened to each worker of an operation on one of them. */
export const renderOutcomes = (
  workers: readonly WorkerOutcome[],
  words: Partial<Record<WorkerOutcome['outcome'], string>> = {},
): Line[] =>
  workers.map(({ slot, pid, generation, outcome, detail }) => [
    `worker ${slot}${pid === null ? '' : ` (pid ${pid}, generation ${generation})`}: `,
    [tones[outcome] ?? 'plain', words[outcome] ?? outcome],
    detail === null ? '' : `, ${detail}`,
  ]);

/** Of an operation on many: the number of each kind; those that failed, or all with -v. */
export function summariseOutcomes(workers: readonly WorkerOutcome[], { verbose }: Look): Line[] {
  if (workers.length === 0) return [];
  const shown = verbose ? workers : workers.filter(({ outcome }) => outcome === 'failed');
  const counts = new Map<string, number>();
  for (const { outcome } of workers) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const told = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  return [
    [`  ${formatNumber(workers.length, 'worker')}: ${told}`],
    ...renderOutcomes(shown).map((line): Line => ['  ', ...line]),
  ];
}
