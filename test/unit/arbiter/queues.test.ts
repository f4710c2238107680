import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeathLog } from '../../../src/arbiter/death-log.ts';
import { LastWords } from '../../../src/arbiter/last-words.ts';
import { Queues } from '../../../src/arbiter/queues.ts';
import type { Beat } from '../../../src/protocol/worker.ts';

const beat = (change: Partial<Beat>): Beat => ({
  type: 'beat',
  inFlight: 0,
  requests: 0,
  connections: 0,
  rssBytes: 0,
  lagMs: 0,
  cpuMs: 0,
  latencies: [],
  ...change,
});

test('queues are added up, and of a gateway that left only what it refused still counts', () => {
  const queues = new Queues();
  queues.beat(1, beat({ queued: 3, refused: 2, longLived: 4, leaving: 1 }));
  queues.beat(2, beat({ queued: 1, refused: 5 }));
  queues.beat(2, beat({ queued: 2, refused: 6 }));
  assert.deepEqual(queues.total, { queued: 5, refused: 8, longLived: 4, leaving: 1 });
  queues.gone(1);
  queues.gone(99);
  assert.deepEqual(queues.total, { queued: 2, refused: 8, longLived: 0, leaving: 0 });
});

test('what a gateway tells of a dead worker comes to its death, once', () => {
  const deaths = new DeathLog();
  const words = new LastWords((pid, lines) => deaths.learn(pid, lines));
  words.born(7, 700);
  words.hear(7, ['GET /early for 1 ms']);
  assert.deepEqual(words.take(700), ['GET /early for 1 ms']);
  deaths.add(
    {
      notice: 'worker-exited',
      slot: 0,
      pid: 700,
      generation: 1,
      reason: 'crashed',
      code: null,
      signal: 'SIGKILL',
      uptimeMs: 1,
      vitals: { inFlight: 0, requests: 0, connections: 0, rssBytes: 0, lagMs: 0 },
      tail: '',
      stack: null,
    },
    0,
    [],
  );
  words.buried(7);
  words.hear(7, ['GET /late for 9 ms']);
  words.hear(7, ['GET /later for 9 ms']);
  words.hear(8, ['GET /nobody for 9 ms']);
  const [death] = deaths.find({});
  assert.deepEqual(death?.inFlight, ['GET /late for 9 ms']);
  assert.equal(death?.inFlightCount, 1);
});
