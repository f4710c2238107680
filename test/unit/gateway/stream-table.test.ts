import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Stream } from '../../../src/gateway/stream.ts';
import { mostStreams, StreamTable } from '../../../src/gateway/stream-table.ts';

/** The table looks at nothing but the number. */
const open = (table: StreamTable): Stream => {
  const stream = { id: table.reserve() } as Stream;
  table.add(stream);
  return stream;
};

test('a table has what a Map would have, by numbers that fit in 32 bits and are no stream of the past', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20)), { maxLength: 200 }), (acts) => {
      const table = new StreamTable();
      const all: Stream[] = [];
      const model = new Map<number, Stream>();
      for (const index of acts) {
        const old = index === null ? undefined : all[index];
        if (old) assert.equal(table.delete(old), model.delete(old.id));
        else {
          const stream = open(table);
          assert.ok(stream.id > 0 && stream.id < 2 ** 32);
          assert.ok(all.every(({ id }) => id !== stream.id));
          all.push(stream);
          model.set(stream.id, stream);
        }
        assert.equal(table.size, model.size);
        assert.deepEqual(new Set(table), new Set(model.values()));
        for (const { id } of all) assert.equal(table.get(id), model.get(id));
      }
    }),
  );
});

test('a place is used again without end', () => {
  const table = new StreamTable();
  for (let count = 0; count < 200_000; count += 1) {
    const stream = open(table);
    assert.ok(stream.id > 0 && stream.id < 2 ** 32);
    table.delete(stream);
  }
  assert.equal(table.size, 0);
});

test('clear() takes all of them out', () => {
  const table = new StreamTable();
  const streams = [open(table), open(table)];
  assert.deepEqual(table.clear(), streams);
  assert.deepEqual([table.size, table.clear()], [0, []]);
});

test('there are no more streams than numbers', () => {
  const table = new StreamTable();
  for (let count = 0; count < mostStreams; count += 1) open(table);
  assert.throws(() => table.reserve(), /too many/);
});
