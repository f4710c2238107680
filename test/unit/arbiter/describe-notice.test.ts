import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeNotice } from '../../../src/arbiter/describe-notice.ts';
import type { Notice } from '../../../src/arbiter/event.ts';

const worker = { slot: 3, pid: 77, generation: 2 };
const vitals = { inFlight: 0, requests: 0, connections: 0, rssBytes: 0, lagMs: 0 };
const death = { code: 1, signal: null, uptimeMs: 5, vitals, tail: '', stack: null };
const reload = { generation: 3, reason: 'boom', kept: 2 };

const sentences: [Notice, string][] = [
  [{ notice: 'serving' }, 'The first workers serve'],
  [{ notice: 'reload-started', generation: 3 }, 'Reload to generation 3 has begun'],
  [
    { notice: 'reload-switched', generation: 3, confirmMs: null },
    'Generation 3 serves, the old workers leave',
  ],
  [
    { notice: 'reload-switched', generation: 3, confirmMs: 1500 },
    'Generation 3 serves and waits 1.5 s to be confirmed',
  ],
  [{ notice: 'reload-done', generation: 3 }, 'Reload done: generation 3 serves'],
  [{ notice: 'reload-failed', ...reload }, 'Reload failed, generation 2 serves on: boom'],
  [{ notice: 'rolled-back', ...reload }, 'Rolled back, generation 2 serves again: boom'],
  [{ notice: 'upgrade-failed', reason: 'boom' }, 'Upgrade failed, this program serves on: boom'],
  [{ notice: 'scaled', from: 2, to: 4 }, 'Number of workers: 2 -> 4'],
  [{ notice: 'held' }, 'Failed workers are not started again until resume'],
  [{ notice: 'resumed' }, 'Failed workers are started again'],
  [{ notice: 'paused' }, 'Nothing is accepted until unpause'],
  [{ notice: 'unpaused' }, 'Connections are accepted again'],
  [{ notice: 'worker-ready', ...worker }, 'Worker 3 (pid 77, generation 2) serves'],
  [{ notice: 'worker-parked', ...worker }, 'Worker 3 (pid 77) is out of rotation'],
  [{ notice: 'worker-unparked', ...worker }, 'Worker 3 (pid 77) is back in rotation'],
  [
    { notice: 'worker-exited', ...worker, ...death, reason: 'crashed' },
    'Worker 3 (pid 77) has left: crashed',
  ],
  [{ notice: 'stopping', how: 'quick' }, 'The instance stops (quick)'],
];

for (const [notice, sentence] of sentences) {
  test(`${notice.notice}: ${sentence}`, () => assert.equal(describeNotice(notice), sentence));
}
