import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeService } from '../../../src/arbiter/describe-service.ts';
import type { Policy } from '../../../src/arbiter/state.ts';
import { Driver } from './driver.ts';

const describe = (
  { state }: Driver,
  requestsPerSecond = 0,
  trouble: string | null = null,
): string => describeService(state, { requestsPerSecond, trouble });

const boot = (change: Partial<Policy> = {}): Driver => new Driver(change).boot();

test('a service that starts says how far it is', () => {
  const driver = new Driver({ workers: 3 });
  assert.equal(describe(driver), 'starting: 0/3 workers ready, generation 1, 0 req/s');
  driver.push({ type: 'start' });
  driver.ready(driver.booting()[0]?.id ?? 0);
  assert.equal(describe(driver), 'starting: 1/3 workers ready, generation 1, 0 req/s');
});

test('one that serves says what it does, in whole requests', () => {
  assert.equal(describe(boot(), 811.6), '2/2 workers ready, generation 1, 812 req/s');
});

test('gateways are not counted as workers', () => {
  const driver = boot({ gateways: 1, edge: 'one' });
  assert.equal(describe(driver), '2/2 workers ready, generation 1, 0 req/s');
});

test('a worker that died, and one that was asked for, are missing', () => {
  const driver = boot();
  driver.crash(driver.serving()[0]?.id ?? 0);
  assert.match(describe(driver), /^1\/2 workers ready/);
  driver.readyAll();
  driver.command({ command: 'scale', by: 2 });
  assert.match(describe(driver), /^2\/4 workers ready/);
});

test('a reload counts the new workers', () => {
  const driver = boot();
  driver.command({ command: 'reload' });
  assert.match(describe(driver), /^reloading: 2\/2 workers ready, generation 1/, 'it prepares');
  driver.settle();
  const other = boot();
  other.reload();
  assert.match(describe(other), /^reloading: 0\/2 workers ready, 2 old ones serve, generation 2/);
  other.settle();
  assert.match(describe(other), /^2\/2 workers ready, generation 2/);
});

test('an upgrade, a pause and a hold show', () => {
  const driver = boot();
  driver.command({ command: 'pause' });
  driver.command({ command: 'hold' });
  assert.equal(describe(driver), '2/2 workers ready, generation 1, 0 req/s, paused, held');
  driver.command({ command: 'unpause' });
  driver.command({ command: 'resume' });
  driver.command({ command: 'upgrade' });
  assert.equal(describe(driver), 'upgrading: 2/2 workers ready, generation 1, 0 req/s');
});

test('the trouble of the last reload comes last', () => {
  assert.equal(
    describe(boot(), 0, 'reload failed: no luck'),
    '2/2 workers ready, generation 1, 0 req/s; reload failed: no luck',
  );
});

test('a stop says whom it waits for', () => {
  const driver = boot({ workers: 3 });
  for (const [index, { id }] of driver.serving().entries())
    driver.beat(id, { inFlight: index + 1 });
  driver.command({ command: 'stop', how: 'graceful' });
  assert.equal(describe(driver), 'stopping: 3 processes left, 6 requests in flight');
  driver.exit(driver.leaving().at(-1)?.id ?? 0);
  assert.equal(
    describe(driver, 5, 'reload failed'),
    'stopping: 2 processes left, 3 requests in flight',
  );
});

test('a start that fails says why', () => {
  const driver = new Driver();
  driver.push({ type: 'start' });
  for (const { id } of driver.booting()) driver.failBoot(id);
  assert.match(describe(driver), /^failed: .*no luck/);
});
