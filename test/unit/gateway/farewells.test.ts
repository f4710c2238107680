import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Endless, Farewells } from '../../../src/gateway/farewells.ts';

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: string[] = [];
  const endless = (name: string, child: number) =>
    ({
      carrier: { worker: { child } },
      sendAway: () => sent.push(name),
    }) as unknown as Endless;
  const all = [endless('a', 1), endless('b', 1), endless('c', 2)] as const;
  const farewells = new Farewells(1000);
  for (const one of all) farewells.add(one);
  return { farewells, all, sent, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test('those of a worker are sent away within the time, and others stay', (t) => {
  const { farewells, sent, pass } = setUp(t);
  farewells.start(1);
  assert.deepEqual([farewells.size, farewells.leaving, sent.length], [3, 2, 0]);
  pass(1000);
  assert.deepEqual(sent.toSorted(), ['a', 'b']);
  assert.deepEqual([farewells.size, farewells.leaving], [1, 0]);
});

test('who is asked twice leaves once', (t) => {
  const { farewells, sent, pass } = setUp(t);
  farewells.start(1);
  farewells.start(null);
  pass(1000);
  assert.deepEqual(sent.toSorted(), ['a', 'b', 'c']);
});

test('who has gone by itself is not sent away', (t) => {
  const { farewells, all, sent, pass } = setUp(t);
  farewells.start(null);
  farewells.delete(all[0]);
  farewells.delete(all[0]);
  pass(1000);
  assert.deepEqual(sent.toSorted(), ['b', 'c']);
});

test('a worker that takes part again keeps what is left, and so do all', (t) => {
  const { farewells, sent, pass } = setUp(t);
  farewells.start(null);
  farewells.revoke(1);
  assert.equal(farewells.leaving, 1);
  farewells.revoke(null);
  pass(1000);
  assert.deepEqual([sent, farewells.size], [[], 3]);
});

test('they are spread over the time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const farewells = new Farewells(1000);
  let sent = 0;
  for (let count = 0; count < 200; count += 1)
    farewells.add({ carrier: null, sendAway: () => (sent += 1) });
  farewells.start(null);
  t.mock.timers.tick(500);
  assert.ok(sent > 50 && sent < 150, `${sent} in half of the time`);
});
