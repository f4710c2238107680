import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFromGateway } from '../../../src/protocol/from-gateway.ts';
import { parseFromWorker } from '../../../src/protocol/worker.ts';

test('what gateways say of workers is understood, and nothing else', () => {
  const overdue = { type: 'overdue', child: 3, method: 'GET', path: '/', ageMs: 12 };
  assert.deepEqual(parseFromGateway(overdue), overdue);
  assert.deepEqual(parseFromGateway({ type: 'broken', child: 3, why: 'x', more: 1 }), {
    type: 'broken',
    child: 3,
    why: 'x',
  });
  assert.deepEqual(parseFromGateway({ type: 'lost', child: 3, requests: ['GET /'] }), {
    type: 'lost',
    child: 3,
    requests: ['GET /'],
  });
  for (const word of [null, 'lost', {}, { type: 'lost', child: 3 }, { type: 'drained', child: 1 }])
    assert.equal(parseFromGateway(word), undefined);
});

const counts = { inFlight: 1, requests: 2, connections: 3, rssBytes: 4, lagMs: 5, cpuMs: 6 };

test('a beat keeps what only gateways count, where it is a count', () => {
  const beat = { type: 'beat', ...counts, latencies: [], queued: 7, refused: 'many' };
  assert.deepEqual(parseFromWorker(beat), { type: 'beat', ...counts, latencies: [], queued: 7 });
});

test('a request of a gateway tells whose it is, or that it waits', () => {
  const base = { method: 'GET', path: '/', client: null, ageMs: 1 };
  const requests = [{ ...base, child: 4 }, { ...base, child: null }, { ...base, child: 'x' }, base];
  assert.deepEqual(parseFromWorker({ type: 'requests', id: 1, requests }), {
    type: 'requests',
    id: 1,
    requests: [{ ...base, child: 4 }, { ...base, child: null }, base, base],
  });
});
