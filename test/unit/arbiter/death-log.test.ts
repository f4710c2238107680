import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeathLog } from '../../../src/arbiter/death-log.ts';
import type { Notice } from '../../../src/arbiter/event.ts';

type Exited = Extract<Notice, { tail: string }>;

const exited = (change: Partial<Exited> = {}): Exited => ({
  notice: 'worker-exited',
  slot: 0,
  pid: 100,
  generation: 1,
  reason: 'crashed',
  code: 1,
  signal: null,
  uptimeMs: 5000,
  vitals: { inFlight: 2, requests: 30, connections: 4, rssBytes: 5000, lagMs: 0 },
  tail: '',
  stack: null,
  ...change,
});

test('a death keeps all that is known of it', () => {
  const deaths = new DeathLog();
  deaths.add(exited({ tail: 'one\ntwo', stack: 'at loop' }), 1234, ['GET / for 3 ms']);
  assert.deepEqual(deaths.find({}), [
    {
      id: 1,
      role: 'worker',
      slot: 0,
      pid: 100,
      generation: 1,
      reason: 'crashed',
      code: 1,
      signal: null,
      at: 1234,
      uptimeMs: 5000,
      rssBytes: 5000,
      requests: 30,
      inFlight: ['GET / for 3 ms'],
      inFlightCount: 2,
      output: ['one', 'two'],
      stack: 'at loop',
    },
  ]);
});

test('the last one comes first, and those that were asked to leave only with all', () => {
  const deaths = new DeathLog();
  const reasons = ['crashed', 'reload', 'oom', 'scaled', 'timeout', 'requested'] as const;
  for (const reason of reasons) deaths.add(exited({ reason }), 0, []);
  const found = (query = {}) => deaths.find(query).map(({ reason }) => reason);
  assert.deepEqual(found(), ['timeout', 'oom', 'crashed']);
  assert.deepEqual(found({ all: true }), reasons.toReversed());
  assert.deepEqual(found({ last: 1 }), ['timeout']);
});

test('it can be asked for one slot, as far back as a hundred deaths of all', () => {
  const deaths = new DeathLog();
  for (let count = 1; count <= 120; count += 1) deaths.add(exited({ slot: count % 2 }), count, []);
  assert.equal(deaths.find({ last: 1000 }).length, 100);
  assert.equal(deaths.find({ slot: 1, last: 1000 }).length, 50);
  assert.deepEqual(
    deaths.find({ slot: 1, last: 2 }).map(({ id }) => id),
    [119, 117],
  );
  assert.equal(deaths.find({}).length, 10);
  assert.deepEqual(deaths.find({ slot: 7 }), []);
});

test('of the output the last forty lines are kept', () => {
  const deaths = new DeathLog();
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
  deaths.add(exited({ tail: lines.join('\n') }), 0, []);
  assert.deepEqual(deaths.find({})[0]?.output, lines.slice(-40));
});

test('deaths are counted by reason, also those that are forgotten', () => {
  const deaths = new DeathLog();
  for (let count = 0; count < 150; count += 1) deaths.add(exited(), 0, []);
  deaths.add(exited({ reason: 'scaled' }), 0, []);
  assert.deepEqual(deaths.counts, { crashed: 150, scaled: 1 });
});
