import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Look } from '../../../../ctl/output/look.ts';
import { renderLines } from '../../../../ctl/output/print.ts';
import { type Column, renderTable } from '../../../../ctl/output/table.ts';
import { widthOf } from '../../../../ctl/terminal/width.ts';

interface Row {
  name: string;
  size: number;
  note: string;
}

const columns: readonly Column<Row>[] = [
  { field: 'name', title: 'NAME', text: ({ name }) => name, shortest: 4 },
  { field: 'size', title: 'SIZE', align: 'right', dispensable: 1, text: ({ size }) => `${size}` },
  { field: 'note', title: 'NOTE', dispensable: 2, shortest: 6, text: ({ note }) => note },
];

const rows: readonly Row[] = [
  { name: 'first', size: 7, note: 'short' },
  { name: 'second', size: 1234, note: 'quite a long note' },
];

const look: Look = {
  width: null,
  header: true,
  fields: null,
  verbose: false,
  now: 0,
  command: 'tsgunctl',
};

const render = (more: Partial<Look>, data = rows) =>
  renderLines(
    renderTable(columns, data, { ...look, ...more }),
    (_tone, text) => text,
    more.width ?? null,
  )
    .trimEnd()
    .split('\n');

test('renderTable() aligns columns and leaves no blanks at the end', () => {
  assert.deepEqual(render({}), [
    'NAME    SIZE  NOTE',
    'first      7  short',
    'second  1234  quite a long note',
  ]);
});

test('renderTable() first cuts, then leaves out what matters least, and keeps what must stay', () => {
  assert.deepEqual(render({ width: 24 }), [
    'NAME    SIZE  NOTE',
    'first      7  short',
    'second  1234  quite a l…',
  ]);
  assert.deepEqual(render({ width: 19 }), ['NAME    SIZE', 'first      7', 'second  1234']);
  assert.deepEqual(render({ width: 8 }), ['NAME', 'first', 'second']);
  assert.deepEqual(render({ width: 5 }), ['NAME', 'first', 'seco…']);
});

test('renderTable() shows the columns that were asked for, known or not', () => {
  const kept = rows.map((row) => ({ ...row, extra: row.size > 9 ? 'big' : null }));
  assert.deepEqual(
    render({ fields: ['note', 'NAME', 'size', 'extra'] }, kept)[2],
    'quite a long note  second  1234  big',
  );
  assert.deepEqual(render({ fields: ['name'], header: false }), ['first', 'second']);
  assert.throws(() => render({ fields: ['name', 'nope'] }), {
    code: 'TSGUN_E_USAGE',
    message: '--fields: there is no column "nope", there are name, size, note',
  });
  assert.deepEqual(render({ fields: ['nope'] }, []), ['NOPE'], 'no row tells what there is');
});

test('renderTable() shows control characters and aligns wide ones', () => {
  const [, line] = render({}, [{ name: '\u001b[31mred', size: 1, note: '日本\u202e' }]);
  assert.equal(line, '\\x1b[31mred     1  日本\\u{202e}');
});

test('no table is wider than the terminal, whatever is in it', () => {
  const row = fc.record({
    name: fc.string({ unit: 'binary', maxLength: 40 }),
    size: fc.integer(),
    note: fc.string({ unit: 'grapheme', maxLength: 40 }),
  });
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 4 }),
      fc.integer({ min: 20, max: 60 }),
      (data, width) => {
        for (const line of render({ width }, data)) {
          assert.ok(widthOf(line) <= width, line);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
          assert.ok(!/[\0-\x1f\x7f-\x9f]/.test(line), JSON.stringify(line));
        }
      },
    ),
    { numRuns: 200 },
  );
});
