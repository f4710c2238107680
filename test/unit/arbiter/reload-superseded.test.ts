import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged, notices, policy } from './driver.ts';

test('a second reload supersedes one that is being prepared', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'reload' });
  assert.match(logged(driver.command({ command: 'reload' })), /superseded by generation 3/);
  driver.push({ type: 'prepared', generation: 2, policy: policy() });
  assert.equal(driver.booting().length, 0);
  assert.ok(driver.effects.some((effect) => effect.do === 'release' && effect.generation === 2));
  driver.push({ type: 'prepared', generation: 3, policy: policy() });
  driver.settle();
  assert.equal(driver.picture(), '0:3 1:3');
});

test('a second reload supersedes one that is rolling, and failing it goes back to the first code', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.ready(driver.booting()[0]?.id ?? 0);
  driver.reload();
  driver.failBoot(driver.booting().find(({ generation }) => generation === 3)?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a broken second reload does not disturb the first', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.command({ command: 'reload' });
  driver.push({ type: 'prepare-failed', generation: 3, reason: 'bad' });
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

test('one that supersedes a half-finished reload keeps the first code to go back to', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.ready(3);
  driver.leaveAll();
  driver.reload();
  const notice = driver.effects.findLast(
    (effect) => effect.do === 'notify' && effect.notice.notice === 'reload-failed',
  );
  assert.deepEqual(notice?.do === 'notify' && notice.notice, {
    notice: 'reload-failed',
    generation: 2,
    reason: 'superseded by generation 3',
    kept: 1,
  });
  assert.deepEqual(
    driver.booting().map(({ slot, generation }) => `${slot}:${generation}`),
    ['0:3'],
    'what booted of generation 2 is ended',
  );
  assert.equal(driver.picture(), '0:2 1:1');
  driver.settle();
  assert.equal(driver.picture(), '0:3 1:3');
  assert.deepEqual([...driver.state.generations.keys()], [3]);
});

test('one that comes after the switch finds the reload before it done, and goes back to it', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.readyAll();
  assert.equal(driver.leaving().length, 2, 'old workers are still draining');
  driver.reload();
  assert.equal(notices(driver.effects).filter((name) => name === 'reload-done').length, 1);
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
  assert.equal(driver.state.mode.kind, 'serving');
});

test('a reload can fail while the next one is prepared, which then starts from the first code', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.command({ command: 'reload' });
  assert.match(logged(driver.failBoot(3)), /generation 1 serves on/);
  assert.deepEqual(driver.booting(), []);
  driver.push({ type: 'prepared', generation: 3, policy: policy() });
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  assert.equal(driver.picture(), '0:1 1:1');
  driver.settle();
  assert.equal(driver.state.mode.kind, 'serving');
});

test('a reload can end while the next one is prepared', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.command({ command: 'reload' });
  driver.settle();
  assert.ok(notices(driver.effects).includes('reload-done'));
  assert.equal(driver.state.mode.kind, 'reloading');
  assert.deepEqual(kinds(driver.push({ type: 'prepare-failed', generation: 3, reason: '' })), []);
  assert.equal(driver.state.mode.kind, 'serving');
});

test('a settled word about a superseded generation changes nothing', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'reload' });
  driver.command({ command: 'reload' });
  assert.deepEqual(driver.push({ type: 'prepare-failed', generation: 2, reason: 'bad' }), []);
  assert.deepEqual(driver.push({ type: 'prepared', generation: 2, policy: policy() }), [
    { do: 'release', generation: 2 },
  ]);
  assert.deepEqual(driver.state.mode, {
    kind: 'reloading',
    preparing: { generation: 3, canaryMs: null, confirmMs: null },
    roll: null,
  });
});

test('a superseded reload to more workers leaves none of its own booting in a slot that is held', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.reload({ workers: 3 });
  driver.reload({ workers: 1 });
  assert.deepEqual(
    driver.booting().map(({ slot, generation }) => `${slot}:${generation}`),
    ['0:3'],
  );
});

test('a storm of reloads ends with the last one', () => {
  const driver = new Driver({ workers: 3 }).boot();
  for (let round = 0; round < 20; round += 1) {
    driver.reload({ workers: 3, surge: 2 });
    const [booting] = driver.booting();
    if (booting && round % 3 > 0) driver.ready(booting.id);
    assert.ok(driver.serving().length >= 3);
  }
  driver.settle();
  assert.equal(driver.picture(), '0:21 1:21 2:21');
  assert.deepEqual([...driver.state.generations.keys()], [21]);
});
