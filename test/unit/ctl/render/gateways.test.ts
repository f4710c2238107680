import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Renderer } from '../../../../ctl/output/look.ts';
import { renderLines } from '../../../../ctl/output/print.ts';
import { requestsRenderer } from '../../../../ctl/render/requests.ts';
import { statusRenderer } from '../../../../ctl/render/status.ts';
import { whyRenderer } from '../../../../ctl/render/why.ts';
import { workersRenderer } from '../../../../ctl/render/workers.ts';
import { sampleDeath, sampleStatus, sampleWorker } from '../../../helpers/sample-views.ts';

const look = {
  width: null,
  header: true,
  fields: null,
  verbose: false,
  now: Date.UTC(2026, 10, 21),
  command: 'tsgunctl',
};

const show = <T>(renderer: Renderer<T>, data: T): string =>
  renderLines(renderer.lines(data, look), (_tone, text) => text, null);

const gateways = {
  wanted: 2,
  ready: 2,
  queued: 0,
  queueLimit: 1000,
  refused: 0,
  longLived: 0,
  leaving: 0,
};

test('status says of gateways what there is to say', () => {
  assert.match(show(statusRenderer, sampleStatus({ gateways })), /^gateways {3}2\/2 ready$/m);
  const busy = { ...gateways, ready: 1, queued: 3, refused: 12, longLived: 40, leaving: 7 };
  assert.match(
    show(statusRenderer, sampleStatus({ gateways: busy })),
    /^gateways {3}1\/2 ready, 3 queued, 12 refused, 40 long-lived, 7 to be sent away$/m,
  );
  assert.doesNotMatch(show(statusRenderer, sampleStatus()), /gateways/);
});

test('the kind of workers is shown where it is not Node.js, and gateways by their slots', () => {
  const workers = [sampleWorker(0, { kind: 'sync' }), sampleWorker(0, { kind: 'gateway' })];
  const [head = '', sync = '', gateway = ''] = show(workersRenderer, workers).split('\n');
  assert.match(head, /^ *SLOT +PID +KIND +GEN/);
  assert.match(sync, /^ +0 +5000 +sync /);
  assert.match(gateway, /^gw 0 +5000 +gateway /);
  assert.doesNotMatch(show(workersRenderer, [sampleWorker(0)]), /KIND/);
});

test('a request that no worker has yet is in the queue', () => {
  const base = { method: 'GET', path: '/', client: null, ageMs: 1500 };
  const requests = [
    { ...base, slot: null, pid: null },
    { ...base, slot: 3, pid: 77 },
  ];
  const text = show(requestsRenderer, { requests, silent: [], silentGateways: [1] });
  assert.match(text, /1\.5s +queue +- +- +GET/);
  assert.match(text, /1\.5s +3 +77 +- +GET/);
  assert.match(text, /^Gateway 1 did not answer in time$/m);
});

test('why tells of a gateway that it was one', () => {
  assert.match(show(whyRenderer, [sampleDeath({ role: 'gateway' })]), /^Gateway 2 \(pid 5002/);
});
