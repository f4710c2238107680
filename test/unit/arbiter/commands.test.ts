import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged } from './driver.ts';

test('TTIN adds a worker and TTOU retires the one with the highest slot, never the last', () => {
  const driver = new Driver({ workers: 1 }).boot();
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: 1 })), ['spawn']);
  driver.readyAll();
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: -1 })), ['release-slot', 'drain']);
  driver.leaveAll();
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: -1 })), []);
  assert.equal(driver.picture(), '0:1');
});

test('a storm of TTIN and TTOU ends at the right number', () => {
  const driver = new Driver().boot();
  for (let round = 0; round < 50; round += 1) {
    for (const by of [1, 1, 1, -1, -1, -1]) driver.command({ command: 'scale', by });
  }
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a booting worker that is scaled away is killed, having nothing to finish', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.command({ command: 'scale', by: 1 });
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: -1 })), ['release-slot', 'signal']);
});

test('WINCH retires everyone and TTIN brings the first back', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'quiet' });
  driver.leaveAll();
  assert.deepEqual(driver.children(), []);
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: 1 })), ['spawn']);
});

test('a graceful stop refuses what is new, lets workers empty the queue, and exits after the last', () => {
  const driver = new Driver().boot();
  const effects = driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(effects), ['refuse-new', 'drain', 'drain']);
  const drain = effects.find((effect) => effect.do === 'drain');
  assert.equal(drain?.do === 'drain' && drain.emptyBacklog, true);
  driver.exit(1);
  assert.deepEqual(kinds(driver.exit(2)), ['exit']);
});

test('a stop that takes too long kills', () => {
  const driver = new Driver({ workers: 1, gracefulMs: 5000 }).boot();
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(driver.pass(5499)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['signal']);
});

test('INT after TERM shortens a stop, TERM after INT does not lengthen it', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'quick' })), ['quit']);
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'graceful' })), []);
  assert.deepEqual(kinds(driver.pass(1000)), ['signal']);
});

test('a stop during the start ends what boots', () => {
  const driver = new Driver();
  driver.push({ type: 'start' });
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'graceful' })), [
    'refuse-new',
    'signal',
    'signal',
  ]);
  driver.exit(1);
  const exit = driver.exit(2).find((effect) => effect.do === 'exit');
  assert.equal(exit?.do === 'exit' && exit.code, 0);
});

test('nothing is replaced, scaled or reloaded while stopping', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(driver.crash(1)), []);
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: 1 })), []);
  assert.match(logged(driver.command({ command: 'reload' })), /refused/);
});

test('an upgrade hands over when the new program serves', () => {
  const driver = new Driver().boot();
  assert.deepEqual(kinds(driver.command({ command: 'upgrade' })), ['start-upgrade']);
  assert.match(logged(driver.command({ command: 'reload' })), /refused/);
  assert.deepEqual(kinds(driver.push({ type: 'upgrade-ready', pid: 99 })), [
    'hand-over',
    'drain',
    'drain',
  ]);
  driver.leaveAll();
  assert.equal(driver.effects.at(-1)?.do, 'exit');
});

test('an upgrade that fails or takes too long changes nothing', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'upgrade' });
  driver.push({ type: 'upgrade-failed', reason: 'no luck' });
  assert.equal(driver.state.mode.kind, 'serving');
  driver.command({ command: 'upgrade' });
  for (const { id } of driver.serving()) driver.beat(id);
  driver.state = { ...driver.state, mode: { kind: 'upgrading', deadline: driver.now } };
  assert.deepEqual(kinds(driver.push({ type: 'tick', lateMs: 0 })), ['cancel-upgrade']);
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a stop during an upgrade cancels it', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'upgrade' });
  assert.equal(kinds(driver.command({ command: 'stop', how: 'graceful' }))[0], 'cancel-upgrade');
});
