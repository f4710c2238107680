import type { WorkerView } from '../../src/protocol/control/views.ts';
import { toneOfPhase } from '../output/phase-tone.ts';
import type { Tone } from '../terminal/paint.ts';
import { compactAge, compactBytes, compactCount, compactMs, compactPercent } from './compact.ts';

export interface Column {
  title: string;
  /** At least so wide, so that columns stand still while numbers change. */
  width: number;
  align: 'left' | 'right';
  /** How it is sorted first. */
  descending: boolean;
  /** Columns with the highest number go first when the screen is too narrow. */
  dispensable: number;
  value(worker: WorkerView): number | string | null;
  text(worker: WorkerView): string;
  tone?(worker: WorkerView): Tone;
}

const number = (
  title: string,
  width: number,
  dispensable: number,
  value: Column['value'],
  text: Column['text'],
): Column => ({ title, width, align: 'right', descending: true, dispensable, value, text });

/** In the order of the screen. */
export const columns = {
  slot: {
    ...number(
      'SLOT',
      5,
      0,
      ({ slot }) => slot,
      ({ kind, slot }) => (kind === 'gateway' ? `g${slot}` : String(slot)),
    ),
    descending: false,
  },
  pid: {
    ...number(
      'PID',
      7,
      6,
      ({ pid }) => pid,
      ({ pid }) => String(pid ?? '-'),
    ),
    descending: false,
  },
  phase: {
    title: 'PHASE',
    width: 8,
    align: 'left',
    descending: false,
    dispensable: 0,
    value: ({ phase }) => phase,
    text: ({ phase }) => phase,
    tone: toneOfPhase,
  },
  generation: number(
    'GEN',
    4,
    5,
    ({ generation }) => generation,
    ({ generation }) => String(generation),
  ),
  age: number(
    'AGE',
    6,
    4,
    ({ uptimeMs }) => uptimeMs,
    ({ uptimeMs }) => compactAge(uptimeMs),
  ),
  inFlight: number(
    'INFL',
    5,
    3,
    ({ inFlight }) => inFlight,
    ({ inFlight }) => compactCount(inFlight),
  ),
  rate: number(
    'REQ/S',
    6,
    1,
    (worker) => worker.requestsPerSecond,
    (worker) => compactCount(worker.requestsPerSecond),
  ),
  p50: number(
    'P50',
    5,
    7,
    ({ p50Ms }) => p50Ms,
    ({ p50Ms }) => compactMs(p50Ms),
  ),
  p99: number(
    'P99',
    5,
    2,
    ({ p99Ms }) => p99Ms,
    ({ p99Ms }) => compactMs(p99Ms),
  ),
  cpu: number(
    'CPU',
    5,
    2,
    ({ cpuPercent }) => cpuPercent,
    ({ cpuPercent }) => compactPercent(cpuPercent),
  ),
  memory: number(
    'MEM',
    5,
    3,
    ({ rssBytes }) => rssBytes,
    ({ rssBytes }) => compactBytes(rssBytes),
  ),
  lag: number(
    'LAG',
    5,
    8,
    ({ lagMs }) => lagMs,
    ({ lagMs }) => compactMs(lagMs),
  ),
  why: {
    title: 'WHY',
    width: 4,
    align: 'left',
    descending: false,
    dispensable: 9,
    value: ({ why }) => why,
    text: ({ why }) => why ?? '',
    tone: () => 'faint',
  },
} as const satisfies Record<string, Column>;

export type ColumnName = keyof typeof columns;

export const columnNames = Object.keys(columns) as ColumnName[];

export const columnOf = (name: ColumnName): Column => columns[name];
