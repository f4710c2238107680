import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Member, Roster } from '../../../src/core/roster.ts';

test('a roster has what a Set would have', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(9))), (acts) => {
      const members = Array.from({ length: 10 }, (): Member => ({ place: -1 }));
      const roster = new Roster<Member>();
      const model = new Set<Member>();
      for (const [adds, index] of acts) {
        const member = members[index];
        if (!member) continue;
        if (!adds) assert.equal(roster.delete(member), model.delete(member));
        else if (!model.has(member)) {
          roster.add(member);
          model.add(member);
        }
        assert.equal(roster.size, model.size);
        assert.deepEqual(new Set(roster), model);
      }
    }),
  );
});
