import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ArbiterState, gatewaysOf, isServing, policyOf } from '../../../src/arbiter/state.ts';
import { Driver, notices } from './driver.ts';
import { beKind, happen, happenings, policies } from './world.ts';

const runs = Number(process.env['TSGUN_PROPERTY_RUNS'] ?? 500);

/** One worker for each slot, all of the wanted generation, and nothing left over. */
function assertWhole(
  driver: Driver,
  { mode, target, generation, generations }: ArbiterState,
): void {
  assert.equal(mode.kind, 'serving');
  assert.equal(
    driver.picture(),
    Array.from({ length: target }, (_, slot) => `${slot}:${generation}`).join(' '),
  );
  const { edge, gateways } = policyOf(driver.state);
  const posts = Math.min(target, gateways);
  assert.equal(driver.children().length, target + posts);
  assert.ok(
    driver.gateways().every((child) => isServing(child)),
    'its gateways serve',
  );
  assert.equal(gatewaysOf(driver.state, edge).length, posts);
  assert.deepEqual([...generations.keys()], [generation]);
}

// The rules are in rules.ts: the driver checks them after every event.
test('whatever happens, no rule is broken, and the pool comes back to what it should be', () => {
  fc.assert(
    fc.property(policies, fc.array(happenings, { maxLength: 80 }), (change, list) => {
      const driver = new Driver(change);
      driver.push({ type: 'start' });
      for (const happening of list) happen(driver, happening);
      beKind(driver);
      if (driver.state.mode.kind !== 'stopping') {
        assertWhole(driver, driver.state);
        driver.command({ command: 'stop', how: 'graceful' });
        driver.settle();
      }
      assert.equal(driver.effects.filter((effect) => effect.do === 'exit').length, 1);
    }),
    { numRuns: runs },
  );
});

// That none is answered twice is one of the rules.
test('every operation is answered, whatever comes in between', () => {
  fc.assert(
    fc.property(policies, fc.array(happenings, { maxLength: 80 }), (change, list) => {
      const driver = new Driver(change);
      driver.push({ type: 'start' });
      for (const happening of list) happen(driver, happening);
      beKind(driver);
      assert.deepEqual(
        [...driver.operations].filter(([, outcome]) => outcome === null),
        [],
      );
    }),
    { numRuns: runs },
  );
});

test('every reload that is started has one end, good or bad, unless a stop comes first', () => {
  fc.assert(
    fc.property(policies, fc.array(happenings, { maxLength: 80 }), (change, list) => {
      const driver = new Driver(change).boot();
      for (const happening of list) happen(driver, happening);
      beKind(driver);
      const told = notices(driver.effects);
      const count = (...names: string[]) => told.filter((name) => names.includes(name)).length;
      const ends = count('reload-done', 'reload-failed', 'rolled-back');
      if (driver.state.mode.kind === 'stopping') assert.ok(ends <= count('reload-started'));
      else assert.equal(ends, count('reload-started'));
    }),
    { numRuns: runs },
  );
});
