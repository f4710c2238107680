import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged, notices, policy } from './driver.ts';

test('a reload replaces one worker after the other, each only when its successor is ready', () => {
  const driver = new Driver({ workers: 3 }).boot();
  driver.reload({ workers: 3 });
  const pictures = [driver.picture()];
  while (driver.booting().length > 0) {
    assert.equal(driver.booting().length, 1);
    driver.ready(driver.booting()[0]?.id ?? 0);
    pictures.push(driver.picture());
  }
  assert.deepEqual(pictures, ['0:1 1:1 2:1', '0:2 1:1 2:1', '0:2 1:2 2:1', '0:2 1:2 2:2']);
  assert.equal(driver.state.mode.kind, 'reloading');
  driver.leaveAll();
  assert.equal(driver.state.mode.kind, 'serving');
  assert.ok(notices(driver.effects).includes('reload-done'));
});

test('reload_surge starts that many at a time', () => {
  const driver = new Driver({ workers: 4 }).boot();
  driver.reload({ workers: 4, surge: 3 });
  assert.equal(driver.booting().length, 3);
});

test('a reload changes the number of workers, and a failed one does not', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 3 });
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2');
  driver.reload({ workers: 1 });
  driver.settle();
  assert.equal(driver.picture(), '0:3');
  driver.reload({ workers: 4 });
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:3');
});

test('an old worker that crashes during a reload is replaced by a new one', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.crash(2);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

test('a new worker that crashes after it was ready is retried, not taken for a failed boot', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.ready(3);
  driver.crash(3);
  assert.ok(!notices(driver.effects).includes('reload-failed'));
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

test('a reload that is asked for while starting follows when the first workers serve', () => {
  const driver = new Driver();
  driver.push({ type: 'start' });
  assert.deepEqual(kinds(driver.command({ command: 'reload' })), []);
  driver.ready(1);
  assert.ok(kinds(driver.ready(2)).includes('prepare'));
  driver.push({ type: 'prepared', generation: 2, policy: policy() });
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

test('a reload that is asked for while nothing can be started changes nothing', () => {
  const driver = new Driver({ workers: 1 });
  driver.push({ type: 'start' });
  driver.command({ command: 'reload' });
  assert.equal(kinds(driver.failBoot(1)).at(-1), 'exit');
});

test('scaling during a reload counts for both outcomes', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 2 });
  driver.command({ command: 'scale', by: 1 });
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('reload_surge bounds a reload to its end, and no worker leaves before its successor is ready', () => {
  const driver = new Driver({ workers: 5 }).boot();
  driver.reload({ workers: 5, surge: 3 });
  while (driver.booting().length > 0) {
    assert.equal(driver.serving().length, 5);
    assert.ok(driver.booting().length <= 3);
    driver.ready(driver.booting().at(-1)?.id ?? 0);
  }
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2 3:2 4:2');
});

test('a reload is over when the last old worker is gone, and gives the old generation back then', () => {
  const driver = new Driver().boot();
  assert.deepEqual(kinds(driver.command({ command: 'reload' })), ['prepare']);
  driver.reload(); // the one that counts
  driver.readyAll();
  const [first, second] = driver.leaving();
  assert.deepEqual(kinds(driver.exit(first?.id ?? 0)), []);
  const effects = driver.exit(second?.id ?? 0);
  assert.deepEqual(kinds(effects), ['release']);
  assert.deepEqual(notices(effects), ['worker-exited', 'reload-done']);
});

test('a reload to more workers starts the new slots at once', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.reload({ workers: 4 });
  assert.deepEqual(
    driver.booting().map(({ slot }) => slot),
    [0, 1, 2, 3],
  );
});

test('a reload to fewer workers keeps the surplus until all new ones are ready, and then retires it', () => {
  const driver = new Driver({ workers: 3 }).boot();
  driver.crash(1); // nobody is left in slot 0 whose exit would bring things on
  driver.reload({ workers: 1 });
  driver.leaveAll();
  assert.equal(driver.picture(), '1:1 2:1');
  const effects = driver.ready(driver.booting()[0]?.id ?? 0);
  assert.deepEqual(kinds(effects), ['release-slot', 'drain', 'release-slot', 'drain']);
  assert.equal(driver.picture(), '0:2');
  driver.leaveAll();
  assert.equal(driver.state.mode.kind, 'serving');
});

test('an old worker of a surplus slot that crashes during a reload is not replaced', () => {
  const driver = new Driver({ workers: 3 }).boot();
  driver.reload({ workers: 1 });
  assert.deepEqual(kinds(driver.crash(3)), []);
  driver.settle();
  assert.equal(driver.picture(), '0:2');
});

test('an old worker that boots when a reload begins is not waited for', () => {
  const driver = new Driver().boot();
  driver.crash(1);
  driver.reload();
  assert.deepEqual(
    driver.booting().map(({ slot, generation }) => `${slot}:${generation}`),
    ['0:2', '1:2'],
    'and its slot is empty, which is no matter of surge',
  );
});

test('a slot in back-off is tried at once with new code', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.crash(1);
  driver.failBoot(2);
  driver.failBoot(3);
  assert.deepEqual(driver.booting(), []);
  driver.reload({ workers: 1 });
  assert.equal(driver.booting().length, 1);
  driver.settle();
  assert.equal(driver.picture(), '0:2');
});

test('a new worker that hangs after it was ready is replaced and does not end the reload', () => {
  const driver = new Driver({ timeoutMs: 0 }).boot();
  driver.reload({ timeoutMs: 1000 });
  driver.ready(3);
  driver.pass(1000);
  assert.ok(!notices(driver.effects).includes('reload-failed'));
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

test('TTOU during a reload ends a new worker that boots in a slot nobody wants any more', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 4 });
  driver.command({ command: 'scale', by: -1 });
  assert.deepEqual(
    driver.booting().map(({ slot }) => slot),
    [0, 2],
  );
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2 2:2');
});

test('a slot that failed and is not wanted any more does not keep the loop awake', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 3 });
  const last = driver.booting().find(({ slot }) => slot === 2);
  driver.ready(last?.id ?? 0);
  driver.command({ command: 'scale', by: -1 });
  driver.crash(last?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

test('WINCH during a reload leaves no worker of either generation', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.ready(3);
  driver.command({ command: 'quiet' });
  driver.settle();
  assert.deepEqual(driver.children(), []);
  assert.equal(driver.state.mode.kind, 'serving');
});

test('a worker that is replaced leaves the queue to its successor', () => {
  const driver = new Driver({ gracefulMs: 5000 }).boot();
  driver.reload({ gracefulMs: 9000 });
  assert.deepEqual(
    driver.ready(3).filter((effect) => effect.do === 'drain'),
    [{ do: 'drain', child: 1, emptyBacklog: false, linger: 'keepalive', graceMs: 5000 }],
  );
});

test('a new worker in a slot that nobody wants any more does not count towards the switch', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 3 });
  const inSlot = (slot: number) => driver.booting().find((child) => child.slot === slot)?.id ?? 0;
  driver.ready(inSlot(2));
  driver.command({ command: 'scale', by: -1 });
  driver.ready(inSlot(0));
  assert.equal(driver.picture(), '0:2 1:1 2:2');
  assert.ok(
    driver.state.mode.kind === 'reloading' && driver.state.mode.roll?.stage.kind === 'rolling',
  );
  assert.match(logged(driver.failBoot(inSlot(1))), /Reload failed, generation 1 serves on/);
});
