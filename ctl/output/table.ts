import { usageError } from '../command-line/globals.ts';
import type { Piece } from '../terminal/line.ts';
import type { Tone } from '../terminal/paint.ts';
import { cleanText, cutText, widthOf } from '../terminal/width.ts';
import { formatValue } from './format.ts';
import type { Line, Look } from './look.ts';
import { fieldsOf, pickField } from './pick.ts';

/** A column of a table. Columns are shown in their order. */
export interface Column<Row> {
  /** Path in the row, as `--fields` has it. */
  field: string;
  title: string;
  align?: 'left' | 'right';
  /** The highest goes first where there is no room; 0 stays. */
  dispensable?: number;
  /** It can be cut to this width before anything is left out. */
  shortest?: number;
  /** It is cut before all others, where that is enough. */
  yields?: true;
  text(row: Row): string;
  tone?(row: Row): Tone;
}

const gap = '  ';

/** Lines of aligned columns that fit the terminal: what matters least is cut or left out. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, header, fields }: Look,
): Line[] {
  const chosen =
    fields === null ? columns : fields.map((field) => chooseColumn(field, columns, rows));
  const wanted = chosen.map((column) => ({ column, width: widthOfColumn(column, rows, header) }));
  const fitting = width === null ? wanted : fitColumns(wanted, width);
  const lines: Line[] = rows.map((row) =>
    layRow(fitting, ({ text, tone }) => [tone?.(row) ?? 'plain', text(row)]),
  );
  if (header) lines.unshift(layRow(fitting, ({ title }) => ['strong', title]));
  return lines;
}

interface Sized<Row> {
  column: Column<Row>;
  width: number;
}

const widthOfColumn = <Row>({ title, text }: Column<Row>, rows: readonly Row[], header: boolean) =>
  rows.reduce(
    (most, row) => Math.max(most, widthOf(cleanText(text(row)))),
    header ? title.length : 0,
  );

/** Cuts or leaves out columns, beginning with the least important one. */
export function fitColumns<Row>(all: readonly Sized<Row>[], width: number): readonly Sized<Row>[] {
  let columns = all;
  const over = () =>
    columns.reduce((sum, one) => sum + one.width + gap.length, -gap.length) - width;
  const yielding = all.find(({ column }) => column.yields);
  if (yielding && yielding.width - over() >= (yielding.column.shortest ?? 0)) {
    return over() > 0 ? cutColumn(all, yielding.column, over()) : all;
  }
  const order = all.toSorted((a, b) => (b.column.dispensable ?? 0) - (a.column.dispensable ?? 0));
  for (const { column } of order) {
    const excess = over();
    if (excess <= 0) break;
    columns = cutColumn(columns, column, excess);
  }
  return columns;
}

function cutColumn<Row>(
  columns: readonly Sized<Row>[],
  column: Column<Row>,
  excess: number,
): readonly Sized<Row>[] {
  const width = columns.find((one) => one.column === column)?.width ?? 0;
  const shorter = Math.max(column.shortest ?? width, width - excess);
  const enough = width - shorter >= excess || !column.dispensable;
  return enough
    ? columns.map((one) => (one.column === column ? { column, width: shorter } : one))
    : columns.filter((one) => one.column !== column);
}

function layRow<Row>(
  columns: readonly Sized<Row>[],
  cell: (column: Column<Row>) => readonly [Tone, string],
): Line {
  const pieces: Piece[] = [];
  for (const [index, { column, width }] of columns.entries()) {
    const [tone, raw] = cell(column);
    const text = cutText(cleanText(raw), width);
    const room = width - widthOf(text);
    const last = index === columns.length - 1;
    if (index > 0) pieces.push(gap);
    if (column.align === 'right' && room > 0) pieces.push(' '.repeat(room));
    pieces.push([tone, text]);
    if (column.align !== 'right' && room > 0 && !last) pieces.push(' '.repeat(room));
  }
  return pieces;
}

/** One of the known columns by field or title, or any field that the rows have. */
function chooseColumn<Row>(
  name: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Column<Row> {
  const known = columns.find(
    ({ field, title }) => field === name || title.toLowerCase() === name.toLowerCase(),
  );
  if (known) return known;
  if (rows.length > 0 && rows.every((row) => pickField(row, name) === undefined)) {
    const names = [...new Set([...columns.map(({ field }) => field), ...fieldsOf(rows)])];
    const unknown = JSON.stringify(name);
    throw usageError(`--fields: there is no column ${unknown}, there are ${names.join(', ')}`);
  }
  return {
    field: name,
    title: name.toUpperCase(),
    text: (row) => formatValue(pickField(row, name)),
  };
}
