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

test('settings that cannot be read leave everything as it is', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'reload' });
  const effects = driver.push({ type: 'prepare-failed', generation: 2, reason: 'bad bind' });
  assert.match(logged(effects), /Reload failed, generation 1 serves on: bad bind/);
  assert.deepEqual(notices(effects), ['reload-failed']);
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:1 1:1');
});

for (const failing of [1, 2, 3]) {
  test(`a boot failure of new worker ${failing} of 3 brings the old generation back`, () => {
    const driver = new Driver({ workers: 3 }).boot();
    driver.reload({ workers: 3 });
    for (let count = 1; count < failing; count += 1) driver.ready(driver.booting()[0]?.id ?? 0);
    driver.leaveAll();
    const effects = driver.failBoot(driver.booting()[0]?.id ?? 0);
    assert.match(logged(effects), /Reload failed, generation 1 serves on: worker .* no luck/);
    driver.settle();
    assert.equal(driver.picture(), '0:1 1:1 2:1');
    assert.deepEqual(driver.effects.filter(({ do: what }) => what === 'release'), [
      { do: 'release', generation: 2 },
    ]);
  });
}

test('capacity never falls below the old number while a failed reload is taken back', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 2 });
  driver.ready(3); // slot 0 has gone over
  driver.leaveAll();
  driver.failBoot(4);
  assert.equal(driver.picture(), '0:2 1:1', 'the new worker serves until an old one is back');
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a new worker that never gets ready aborts the reload', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 0 }).boot();
  driver.reload({ workers: 1, bootMs: 5000, timeoutMs: 0 });
  driver.pass(5000);
  assert.equal(driver.booting().length, 0, 'no second try before the first one has ended');
  driver.push({ type: 'dumped', child: 2, stack: 'at stuck' });
  driver.pass(1000);
  assert.match(logged(driver.exit(2, { code: null, signal: 'SIGKILL' })), /Reload failed/);
  assert.equal(driver.picture(), '0:1');
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

test('a reload is refused while starting', () => {
  const driver = new Driver();
  driver.push({ type: 'start' });
  assert.match(logged(driver.command({ command: 'reload' })), /refused: the instance is starting/);
});

test('a stop during a reload ends both generations', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.command({ command: 'stop', how: 'graceful' });
  driver.leaveAll();
  assert.equal(kinds(driver.effects).at(-1), 'exit');
});

test('scaling during a reload counts for both outcomes', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 2 });
  driver.command({ command: 'scale', by: 1 });
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});
