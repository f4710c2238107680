import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Effect } from '../../../src/arbiter/event.ts';
import { isWanted } from '../../../src/arbiter/plan.ts';
import { openDraft } from '../../../src/arbiter/draft.ts';
import { type ArbiterState, isServing, policyOf } from '../../../src/arbiter/state.ts';
import { Driver, policy } from './driver.ts';

/** What can happen to a random child, or to the arbiter. */
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant('ready' as const), pick: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('leave' as const), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('crash' as const), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('fail' as const), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('bloat' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('dumped' as const), pick: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('pass' as const), pick: fc.nat(40_000) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('scale' as const), pick: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('reload' as const), pick: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('bad-reload' as const), pick: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('upgrade' as const), pick: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('late' as const), pick: fc.nat(9000) }) },
);

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

const policies = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  surge: fc.integer({ min: 1, max: 3 }),
  timeoutMs: fc.constantFrom(0, 3000),
  bootMs: fc.constant(5000),
  gracefulMs: fc.constantFrom(0, 4000),
  maxMemory: fc.constantFrom(0, 1000),
  maxAgeMs: fc.constantFrom(0, 8000),
});

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  if (value instanceof Map) for (const entry of value.values()) deepFreeze(entry);
  else for (const entry of Object.values(value)) deepFreeze(entry);
}

/** Applies one step if it makes sense just now. */
function apply(driver: Driver, { act, pick }: Step): void {
  const one = <T>(list: readonly T[]): T | undefined => list[pick % Math.max(1, list.length)];
  const booting = one(driver.booting());
  const serving = one(driver.serving());
  const leaving = one(driver.leaving());
  switch (act) {
    case 'ready':
      return void (booting && driver.ready(booting.id));
    case 'leave':
      return void (leaving && driver.exit(leaving.id));
    case 'crash':
      return void (serving && driver.crash(serving.id));
    case 'fail':
      return void (booting && driver.failBoot(booting.id));
    case 'bloat':
      return void (serving && driver.beat(serving.id, { rssBytes: 2000 }));
    case 'dumped':
      return void (leaving && driver.push({ type: 'dumped', child: leaving.id, stack: '' }));
    case 'pass':
      return void driver.pass(pick);
    case 'scale':
      return void driver.command({ command: 'scale', by: pick - 2 });
    case 'late':
      driver.now += pick;
      return void driver.push({ type: 'tick', lateMs: pick });
    case 'upgrade':
      driver.command({ command: 'upgrade' });
      return void driver.push({ type: 'upgrade-failed', reason: 'no luck' });
    case 'reload':
    case 'bad-reload':
      return reload(driver, act === 'reload', pick);
  }
}

function reload(driver: Driver, good: boolean, pick: number): void {
  const effects = driver.command({ command: 'reload' });
  const generation = effects.find((effect) => effect.do === 'prepare')?.generation;
  if (generation === undefined) return;
  if (!good) driver.push({ type: 'prepare-failed', generation, reason: 'bad' });
  else driver.push({ type: 'prepared', generation, policy: policy({ workers: pick + 1, surge: pick + 1 }) });
}

function checkState(state: ArbiterState): void {
  const children = [...state.children.values()];
  const draft = openDraft(state);
  for (let slot = 0; slot < state.target; slot += 1) {
    const wanted = children.filter((child) => child.slot === slot && isWanted(draft, child));
    assert.ok(wanted.length <= 1, `slot ${slot} has ${wanted.length} wanted workers`);
  }
  for (const child of children) assert.ok(state.generations.has(child.generation));
  assert.ok(state.generations.has(state.generation));
}

/** What is asked of a child that serves, and why it may be asked. */
function checkEffects(before: ArbiterState, after: ArbiterState, effects: readonly Effect[]): void {
  for (const effect of effects) {
    if (!('child' in effect)) continue;
    if (effect.do === 'spawn') continue;
    const child = before.children.get(effect.child);
    if (!child || !isServing(child) || effect.do !== 'drain') continue;
    const replaced = [...after.children.values()].some(
      (other) => other.slot === child.slot && other.id !== child.id && isServing(other),
    );
    const surplus = child.slot >= after.target;
    assert.ok(replaced || surplus, `worker ${child.id} is drained with nobody in its place`);
  }
}

test('whatever happens, no rule is broken, and the pool comes back to what it should be', () => {
  fc.assert(
    fc.property(policies, fc.array(steps, { maxLength: 60 }), (change, list) => {
      const driver = new Driver(change);
      driver.push({ type: 'start' });
      driver.readyAll();
      const push = driver.push.bind(driver);
      driver.push = (event) => {
        const before = driver.state;
        deepFreeze(before);
        const effects = push(event);
        checkState(driver.state);
        checkEffects(before, driver.state, effects);
        return effects;
      };
      for (const step of list) apply(driver, step);
      driver.push = push;

      // From here on the world is kind.
      for (let round = 0; round < 20; round += 1) {
        driver.settle();
        for (const { id } of driver.serving()) driver.beat(id);
        driver.pass(2900);
      }
      driver.settle();
      const { state } = driver;
      assert.equal(state.mode.kind, 'serving');
      const current = driver.serving().filter(({ generation }) => generation === state.generation);
      assert.equal(current.length, state.target);
      assert.deepEqual([...state.generations.keys()], [state.generation]);

      driver.command({ command: 'stop', how: 'graceful' });
      driver.leaveAll();
      assert.equal(driver.effects.filter(({ do: what }) => what === 'exit').length, 1);
      assert.ok(policyOf(driver.state));
    }),
    { numRuns: 400 },
  );
});
