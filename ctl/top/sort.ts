import type { WorkerView } from '../../src/protocol/control/views.ts';
import { type ColumnName, columnNames, columnOf } from './columns.ts';

export interface Order {
  column: ColumnName;
  descending: boolean;
}

export const orderBy = (column: ColumnName): Order => ({
  column,
  descending: columnOf(column).descending,
});

/** Why a worker leaves is the one thing that a narrow screen has no column for. */
const sortable: readonly ColumnName[] = columnNames.filter((name) => name !== 'why');

/** The neighbour of the column that is sorted by, around the ends. */
export function turnOrder({ column }: Order, step: 1 | -1): Order {
  const next = sortable.indexOf(column) + step;
  return orderBy(sortable.at(next % sortable.length) ?? 'slot');
}

/** What is not known is last in both directions; equals stand by slot, the older first. */
export function sortWorkers(workers: readonly WorkerView[], order: Order): WorkerView[] {
  const { value } = columnOf(order.column);
  const sign = order.descending ? -1 : 1;
  return workers.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if ((left === null) !== (right === null)) return left === null ? 1 : -1;
    return sign * compare(left, right) || a.slot - b.slot || a.generation - b.generation;
  });
}

function compare(left: number | string | null, right: number | string | null): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  const [a, b] = [String(left), String(right)];
  return a === b ? 0 : Number(a > b) * 2 - 1;
}
