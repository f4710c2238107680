import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Look, Renderer } from '../../../../ctl/output/look.ts';
import { renderLines } from '../../../../ctl/output/print.ts';
import { configRenderer } from '../../../../ctl/render/config.ts';
import { reloadRenderer } from '../../../../ctl/render/reload.ts';
import { statusRenderer } from '../../../../ctl/render/status.ts';
import { whyRenderer } from '../../../../ctl/render/why.ts';
import { workersRenderer } from '../../../../ctl/render/workers.ts';
import { sampleDeath, sampleStatus, sampleWorker } from '../../../helpers/sample-views.ts';

const now = Date.UTC(2026, 10, 21, 9, 0, 0);

const show = <T>(renderer: Renderer<T>, data: T, more: Partial<Look> = {}): string => {
  const look: Look = {
    width: null,
    header: true,
    fields: null,
    verbose: false,
    now,
    command: 'tsgunctl',
    ...more,
  };
  return renderLines(renderer.lines(data, look), (_tone, text) => text, look.width);
};

test('status tells the state in a few lines', () => {
  assert.equal(
    show(statusRenderer, sampleStatus()),
    `web serving  generation 3, up 3m12s, pid 4242, tsgun 0.1.0
app        ./server.js
workers    4/4 ready
listeners  http://127.0.0.1:8000, 3 waiting
traffic    321 requests/s, p50 1.2 ms, p99 18 ms
requests   7 in flight, 12 connections, 1,234,567 since the start
memory     workers 420 MiB, arbiter 84 MiB
`,
  );
});

test('status shows what a control group has, if that is limited', () => {
  const { memory } = sampleStatus();
  const withGroup = (limitBytes: number | null) =>
    show(
      statusRenderer,
      sampleStatus({
        memory: { ...memory, group: { usedBytes: 600 * 2 ** 20, limitBytes, oomKills: 0 } },
      }),
    );
  const limited = /^memory .*arbiter 84 MiB, control group 600 MiB of 1\.0 GiB$/m;
  assert.match(withGroup(2 ** 30), limited);
  assert.match(withGroup(null), /^memory .*arbiter 84 MiB$/m);
});

test('config keeps the origin of a setting on the screen when a value is long', () => {
  const setting = { name: 'pidfile', value: null, origin: 'default', onReload: 'live' as const };
  const settings = [setting, { ...setting, name: 'bind', value: 'x'.repeat(90) }];
  const [head, unset] = show(configRenderer, settings, { width: 60 }).split('\n');
  assert.match(head ?? '', /^SETTING {2}VALUE {20,}ORIGIN {3}ON RELOAD$/);
  assert.match(unset ?? '', /^pidfile {2}none {20,}default {2}live$/);
});

test('status has at most 16 lines, each within the terminal, whatever there is to tell', () => {
  const [listener] = sampleStatus().listeners;
  const operation = { op: 17, method: 'reload', phase: 'rolling', text: 'x'.repeat(200), ageMs: 1 };
  const text = show(
    statusRenderer,
    sampleStatus({
      mode: 'confirming',
      degraded: true,
      paused: true,
      held: true,
      confirm: { generation: 4, parked: 3, remainingMs: 132_000 },
      gateways: {
        wanted: 2,
        ready: 1,
        queued: 3,
        queueLimit: 9,
        refused: 4,
        longLived: 5,
        leaving: 6,
      },
      workers: { wanted: 8, ready: 2, booting: 1, draining: 3, degraded: 2, parked: 4 },
      listeners: Array.from({ length: 20 }, () => ({ ...listener! })),
      operations: Array.from({ length: 9 }, () => operation),
      lastReload: { outcome: 'failed', generation: 5, reason: 'boom\nat x', at: now - 60_000 },
      lastDeath: {
        id: 1,
        role: 'worker',
        slot: 2,
        reason: 'crashed',
        code: null,
        signal: 'SIGSEGV',
        at: now - 5000,
      },
    }),
    { width: 80 },
  );
  const lines = text.trimEnd().split('\n');
  assert.ok(lines.length <= 16, text);
  assert.ok(lines.every((line) => line.length <= 80));
  assert.match(text, /^web confirming, degraded, paused, held/);
  assert.match(text, /2\/8 ready, 1 booting, 3 draining, 4 parked, 2 slots keep failing/);
  assert.match(text, /and 18 more: tsgunctl listeners/);
  assert.match(text, /"tsgunctl confirm" within 2m12s keeps 4, else 3 serves/);
  assert.match(text, /failed \(generation 5\) 1m00s ago: boom$/m);
  assert.match(text, /worker 2 crashed \(SIGSEGV\) 5\.0s ago; more: tsgunctl why 2/);
});

test('workers have one aligned line each and fit 80 columns', () => {
  const workers = [
    sampleWorker(0),
    sampleWorker(1, { phase: 'draining', why: 'recycled-requests', pid: null, lastBeatMs: null }),
  ];
  const wide = show(workersRenderer, workers);
  assert.match(
    wide,
    /^SLOT +PID +GEN +PHASE +UP +REQ +REQ\/S +P50 +P99 +INFLIGHT +CPU +RSS +LAG +BEAT\n/,
  );
  assert.match(wide, /draining \(recycled-requests\)/);
  const narrow = show(workersRenderer, workers, { width: 80 }).trimEnd().split('\n');
  assert.ok(narrow.every((line) => line.length <= 80));
  for (const title of ['SLOT', 'PHASE', 'INFLIGHT'])
    assert.match(narrow[0] ?? '', new RegExp(title));
});

test('why is a post-mortem', () => {
  process.env['TZ'] = 'UTC';
  const at = now - 192_000;
  assert.equal(
    show(whyRenderer, [sampleDeath({ at, stack: 'Error: boom\n    at f (x.js:1:1)\n' })]),
    `Worker 2 (pid 5002, generation 3) crashed, ended with exit code 1  2026-11-21 08:56:48, 3m12s ago
  lived 2h03m, answered 12,345 requests, used 84 MiB
  In flight (2):
    GET /slow for 12 ms
    1 of which nothing is known
  Last output:
    Error: boom
        at server.js:3
  Stack:
    Error: boom
        at f (x.js:1:1)
`,
  );
  assert.match(show(whyRenderer, []), /^No such deaths\n$/);
});

test('reload tells what changed and what it waits for', () => {
  const reload = {
    op: 17,
    outcome: 'confirming' as const,
    generation: 4,
    previous: 3,
    confirmWithinMs: 300_000,
    changes: [
      { name: 'timeout', running: 30, file: 60, origin: 'x.toml:3', onReload: 'live' as const },
    ],
    workers: [
      { slot: 0, pid: 7, generation: 4, outcome: 'failed' as const, detail: 'exit code 1' },
    ],
  };
  assert.equal(
    show(reloadRenderer, reload, { command: 'tsgunctl -i web' }),
    `Generation 4 serves for now: "tsgunctl -i web confirm" within 5m00s keeps it, else 3 serves again
  SETTING  WAS  NOW  ORIGIN
  timeout  30   60   x.toml:3
  1 worker: 1 failed
  worker 0 (pid 7, generation 4): failed, exit code 1
`,
  );
});
