import type { WorkerView } from '../../src/protocol/control/views.ts';
import { layLine, type Piece } from '../terminal/line.ts';
import type { Paint } from '../terminal/paint.ts';
import { cleanText, padEnd, padStart, widthOf } from '../terminal/width.ts';
import { type Column, type ColumnName, columnNames, columnOf } from './columns.ts';
import type { Order } from './sort.ts';
import type { TopState } from './state.ts';

type Widths = readonly (readonly [name: ColumnName, width: number])[];

/** The line of headings, then the workers around the selected one. */
export function renderTable(
  { workers, order, selected }: TopState,
  { columns, rows }: { columns: number; rows: number },
  paint: Paint,
  unicode: boolean,
): { lines: string[]; range: string } {
  const widths = fitColumns(workers, columns);
  const first = firstLine(selected.index, rows, workers.length);
  const shown = workers.slice(first, first + rows);
  const lines = shown.map((worker, index) =>
    renderWorker(worker, widths, first + index === selected.index, columns, paint),
  );
  const range = `${shown.length > 0 ? first + 1 : 0}-${first + shown.length} of ${workers.length}`;
  return { lines: [renderHeadings(widths, order, columns, paint, unicode), ...lines], range };
}

/** The selected line stays in the middle where it can. */
const firstLine = (selected: number, rows: number, count: number): number =>
  Math.max(0, Math.min(selected - Math.floor(rows / 2), count - rows));

/** Leaves columns out until the rest fits; those of slot and phase stay. */
function fitColumns(workers: readonly WorkerView[], columns: number): Widths {
  let widths = columnNames.map((name) => [name, widthOfColumn(columnOf(name), workers)] as const);
  const used = () => widths.reduce((sum, [, width]) => sum + width + 1, 0);
  while (used() > columns) {
    const most = Math.max(...widths.map(([name]) => columnOf(name).dispensable));
    if (most === 0) break;
    widths = widths.filter(([name]) => columnOf(name).dispensable < most);
  }
  return widths;
}

/** No cell makes a column wider than this. */
const widest = 20;

const widthOfColumn = ({ width, text }: Column, workers: readonly WorkerView[]): number =>
  workers.reduce(
    (most, worker) => Math.min(widest, Math.max(most, widthOf(cleanText(text(worker))))),
    width,
  );

function renderHeadings(
  widths: Widths,
  order: Order,
  columns: number,
  paint: Paint,
  unicode: boolean,
): string {
  const [up, down] = unicode ? ['▲', '▼'] : ['^', 'v'];
  const cells = widths.map(([name, width]) => {
    const { title, align } = columnOf(name);
    const mark = name === order.column ? (order.descending ? down : up) : '';
    return align === 'left' ? padEnd(title + mark, width) : padStart(mark + title, width);
  });
  return layLine([['inverse', padEnd(` ${cells.join(' ')}`, columns)]], columns, paint);
}

function renderWorker(
  worker: WorkerView,
  widths: Widths,
  isSelected: boolean,
  columns: number,
  paint: Paint,
): string {
  const cells = widths.map(([name, width], index): Piece => {
    const column = columnOf(name);
    const text = cleanText(column.text(worker));
    const cell = column.align === 'left' ? padEnd(text, width) : padStart(text, width);
    const spaced = index === 0 ? cell : ` ${cell}`;
    return [isSelected ? 'plain' : (column.tone?.(worker) ?? 'plain'), spaced];
  });
  const line: Piece[] = [isSelected ? '>' : ' ', ...cells];
  return isSelected
    ? paint('strong', layLine(line, columns, paint))
    : layLine(line, columns, paint);
}
