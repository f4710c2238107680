import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ring } from '../../../src/control/ring.ts';

function fill(ring: Ring, ranks: readonly number[], text = 'x'): Ring {
  for (const rank of ranks) ring.push(rank, () => text);
  return ring;
}

const after = (ring: Ring, seq: number): number[] =>
  Array.from(ring.after(seq), (each) => each.seq);

test('a ring keeps the last ones, in number and in bytes', () => {
  const ring = fill(new Ring(3, 1000), [0, 0, 0, 0, 0]);
  assert.deepEqual([ring.seq, ring.forgotten, after(ring, 0)], [5, 2, [3, 4, 5]]);
  const heavy = fill(new Ring(100, 25), [0, 0, 0], 'x'.repeat(10));
  assert.deepEqual([heavy.forgotten, after(heavy, 0)], [1, [2, 3]]);
});

test('an entry that is larger than all the room is forgotten at once', () => {
  const ring = fill(new Ring(100, 25), [0, 0]);
  ring.push(0, () => 'x'.repeat(100));
  assert.deepEqual([ring.seq, ring.forgotten, after(ring, 0)], [3, 3, []]);
  fill(ring, [0]);
  assert.deepEqual(after(ring, 0), [4]);
});

test('before() finds where the last ones of a rank begin', () => {
  const ring = fill(new Ring(100, 1000), [3, 1, 3, 1, 1]);
  assert.equal(ring.before(1, 0), 4);
  assert.equal(ring.before(2, 3), 0);
  assert.equal(ring.before(1, 3), 2);
  assert.equal(ring.before(50, 3), 0);
});

test('after() gives what is remembered and newer, whatever was pushed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 9 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(70),
      (lines, most, bytes, seq) => {
        const ring = new Ring(most, bytes);
        for (const line of lines) ring.push(0, () => line);
        const first = Math.max(seq, ring.forgotten) + 1;
        const expected = Array.from(
          { length: Math.max(0, lines.length - first + 1) },
          (_, n) => first + n,
        );
        assert.deepEqual(after(ring, seq), expected);
        const kept = [...ring.after(0)];
        assert.ok(kept.length <= most);
        assert.ok(kept.reduce((sum, { line }) => sum + line.length, 0) <= bytes);
      },
    ),
    { numRuns: 200 },
  );
});
