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

test('TTOU on a pool without workers brings none back', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'quiet' });
  assert.deepEqual(driver.command({ command: 'scale', by: -1 }), []);
  assert.equal(driver.state.target, 0);
});

test('a pool without workers can be reloaded back to life', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'quiet' });
  driver.settle();
  driver.reload({ workers: 2 });
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
  assert.equal(driver.state.mode.kind, 'serving');
});

test('no storm of TTIN gets beyond 1024 workers, none of TTOU below one', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.command({ command: 'scale', by: 5000 });
  assert.equal(driver.state.target, 1024);
  driver.command({ command: 'scale', by: -5000 });
  assert.equal(driver.state.target, 1);
});

test('a slot that is wanted again is filled beside the worker that is still leaving it', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'scale', by: -1 });
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: 1 })), ['spawn']);
  driver.readyAll();
  assert.equal(driver.picture(), '0:1 1:1');
  assert.equal(driver.leaving().length, 1);
});

test('scaling tells from and to, and nothing when nothing changes', () => {
  const driver = new Driver().boot();
  const [notice] = driver
    .command({ command: 'scale', by: 2 })
    .filter(({ do: what }) => what === 'notify');
  assert.deepEqual(notice, { do: 'notify', notice: { notice: 'scaled', from: 2, to: 4 } });
  assert.deepEqual(driver.command({ command: 'scale', by: 0 }), []);
});

test('reopening the logs concerns nobody else', () => {
  const driver = new Driver().boot();
  assert.deepEqual(driver.command({ command: 'reopen' }), [{ do: 'reopen' }]);
});

test('a worker that is scaled away empties the queue of its slot, and its clients keep their time', () => {
  const driver = new Driver({ gracefulMs: 5000 }).boot();
  const effects = driver.command({ command: 'scale', by: -1 });
  assert.match(logged(effects), /Number of workers: 2 -> 1/);
  assert.deepEqual(effects.slice(-1), [
    { do: 'drain', child: 2, emptyBacklog: true, linger: 'keepalive', graceMs: 5000 },
  ]);
});
