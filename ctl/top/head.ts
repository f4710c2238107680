import type { StatusView } from '../../src/protocol/control/views.ts';
import { layEnds, layLine, type Piece } from '../terminal/line.ts';
import type { Paint, Tone } from '../terminal/paint.ts';
import { compactAge, compactBytes, compactCount, compactMs } from './compact.ts';
import { columnsOf, type Sample } from './history.ts';
import { renderSparkline } from './sparkline.ts';
import type { TopState } from './state.ts';

const modeTones: Record<StatusView['mode'], Tone> = {
  starting: 'warn',
  serving: 'good',
  reloading: 'warn',
  confirming: 'warn',
  upgrading: 'warn',
  stopping: 'bad',
};

/** Instance, mode, generation, uptime, version. */
export function renderTitle(state: TopState, width: number, paint: Paint): string {
  const { status, instance, lost, answeredAt, now } = state;
  const late = now - answeredAt > 3000;
  const alarm = lost ? 'NOT CONNECTED' : 'NO ANSWER';
  const right: Piece[] = lost || (late && status) ? [['bad', alarm]] : [];
  if (!status) return layEnds([['strong', instance]], right, width, paint);
  const left: Piece[] = [
    ['strong', instance],
    ' ',
    [modeTones[status.mode] ?? 'plain', status.mode],
    `  generation ${status.generation}  up ${compactAge(status.uptimeMs)}`,
  ];
  const rest = `tsgun ${status.version}  pid ${status.pid}`;
  return layEnds(left, right.length > 0 ? right : [['faint', rest]], width, paint);
}

/** How the workers are, and what is unusual. */
export function renderHealth({ status }: TopState, width: number, paint: Paint): string {
  if (!status) return '';
  const { workers, traffic, memory } = status;
  const all = workers.ready >= workers.wanted;
  const left: Piece[] = [
    'workers ',
    [all ? 'good' : 'bad', `${workers.ready}/${workers.wanted} ready`],
    ...(['booting', 'draining', 'parked'] as const).flatMap((name) => counted(workers[name], name)),
    ...flags(status),
  ];
  const bytes = memory.workersBytes + memory.arbiterBytes;
  const right = `in flight ${compactCount(traffic.inFlight)}  memory ${compactBytes(bytes)}`;
  return layEnds(left, [right], width, paint);
}

const counted = (count: number, name: string): Piece[] =>
  count > 0 ? [['warn', ` ${count} ${name}`]] : [];

function flags({ workers, degraded, held, paused }: StatusView): Piece[] {
  const failing = workers.degraded > 0 ? ` (${workers.degraded} failing)` : '';
  return [
    ...(degraded || failing !== '' ? [['bad', `  DEGRADED${failing}`] as const] : []),
    ...(held ? [['warn', '  HELD'] as const] : []),
    ...(paused ? [['warn', '  PAUSED'] as const] : []),
  ];
}

/** What is under way; that nobody answers is more important. */
export function renderActivity(
  { status, lost, now }: TopState,
  width: number,
  paint: Paint,
): string {
  if (lost) {
    const text = `${lost.why}; trying again for ${compactAge(now - lost.since)}`;
    return layLine([['bad', text]], width, paint);
  }
  if (!status) return '';
  const confirm = status.confirm;
  const pieces = [
    ...(confirm
      ? [
          `generation ${confirm.generation} needs "confirm" within ${compactAge(confirm.remainingMs)}, else ${confirm.parked} serves again`,
        ]
      : []),
    ...status.operations.map(
      ({ op, method, phase, text, ageMs }) =>
        `op:${op} ${method} ${compactAge(ageMs)} ${phase}: ${text}`,
    ),
  ];
  return pieces.length === 0
    ? layLine([['faint', 'no operation under way']], width, paint)
    : layLine([['warn', pieces.join(' | ')]], width, paint);
}

const graphs: readonly { name: keyof Sample; label: string; text(value: number): string }[] = [
  { name: 'rate', label: 'requests/s', text: compactCount },
  { name: 'p99', label: 'p99', text: compactMs },
  { name: 'queue', label: 'queue', text: compactCount },
];

/** Its current value, its last minutes and their maximum. */
export const renderGraphs = (
  { history }: TopState,
  width: number,
  paint: Paint,
  unicode: boolean,
): string[] =>
  graphs.map(({ name, label, text }) => {
    const current = history.samples.at(-1)?.[name] ?? null;
    const room = Math.max(0, width - 30);
    const values = columnsOf(history, name, room);
    const known = values.filter((value) => value !== null);
    const highest = known.length > 0 ? Math.max(...known) : null;
    const line = renderSparkline(values, highest ?? 0, unicode);
    const left: Piece[] = [
      `${label.padEnd(10)} ${(current === null ? '-' : text(current)).padStart(6)} `,
      ['good', line],
    ];
    return layEnds(left, highest === null ? [] : [['faint', `max ${text(highest)}`]], width, paint);
  });
