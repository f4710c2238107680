import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged, notices } from './driver.ts';

const upgrading = (): Driver => {
  const driver = new Driver({ timeoutMs: 0, bootMs: 60_000 }).boot();
  driver.command({ command: 'upgrade' });
  return driver;
};

test('an upgrade hands over when the new program serves', () => {
  const driver = new Driver().boot();
  assert.deepEqual(kinds(driver.command({ command: 'upgrade' })), ['start-upgrade']);
  const effects = driver.push({ type: 'upgrade-ready', pid: 99 });
  assert.deepEqual(kinds(effects), ['hand-over', 'drain', 'drain']);
  const drains = effects.filter((effect) => effect.do === 'drain');
  assert.ok(
    drains.every(({ emptyBacklog, linger }) => !emptyBacklog && linger === 'keepalive'),
    'others accept, and idle clients have their time',
  );
  driver.leaveAll();
  assert.deepEqual(driver.effects.at(-1), { do: 'exit', code: 0, reason: null });
});

test('an upgrade that fails changes nothing', () => {
  const driver = upgrading();
  const effects = driver.push({ type: 'upgrade-failed', reason: 'no luck' });
  assert.deepEqual(kinds(effects), []);
  assert.deepEqual(notices(effects), ['upgrade-failed']);
  assert.match(logged(effects), /this program serves on: no luck/);
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:1 1:1');
  assert.deepEqual(kinds(driver.command({ command: 'upgrade' })), ['start-upgrade']);
});

test('an upgrade that takes too long is given up', () => {
  const driver = upgrading();
  assert.deepEqual(kinds(driver.pass(69_999)), []);
  const effects = driver.pass(1);
  assert.deepEqual(kinds(effects), ['cancel-upgrade']);
  assert.match(logged(effects), /not ready in time/);
  assert.equal(driver.state.mode.kind, 'serving');
  assert.deepEqual(driver.push({ type: 'upgrade-ready', pid: 99 }), [], 'too late');
});

test('time in which the arbiter did not run is not counted against an upgrade', () => {
  const driver = upgrading();
  assert.deepEqual(kinds(driver.sleepThrough(600_000)), []);
  assert.equal(driver.state.mode.kind, 'upgrading');
});

test('workers that crash, and scaling, are taken care of during an upgrade', () => {
  const driver = upgrading();
  assert.deepEqual(kinds(driver.crash(1)), ['spawn']);
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: 1 })), ['spawn']);
  driver.readyAll();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
  assert.equal(driver.state.mode.kind, 'upgrading');
});

test('an upgrade refuses reloads and other upgrades, and is refused unless the instance serves', () => {
  const driver = upgrading();
  assert.match(logged(driver.command({ command: 'reload' })), /refused: the instance is upgrading/);
  assert.match(
    logged(driver.command({ command: 'upgrade' })),
    /refused: the instance is upgrading/,
  );
  const reloading = new Driver().boot();
  reloading.reload();
  assert.match(logged(reloading.command({ command: 'upgrade' })), /refused: the .* is reloading/);
  const starting = new Driver();
  starting.push({ type: 'start' });
  assert.match(logged(starting.command({ command: 'upgrade' })), /refused: the .* is starting/);
});

test('words about an upgrade that nobody waits for mean nothing', () => {
  const driver = new Driver().boot();
  assert.deepEqual(driver.push({ type: 'upgrade-ready', pid: 99 }), []);
  assert.deepEqual(driver.push({ type: 'upgrade-failed', reason: 'no luck' }), []);
});
