import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../../src/arbiter/event.ts';
import { Driver, kinds, logged, notices } from './driver.ts';

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
    assert.deepEqual(
      driver.effects.filter(({ do: what }) => what === 'release'),
      [{ do: 'release', generation: 2 }],
    );
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

const failuresIn = (effects: readonly Effect[]) =>
  effects.flatMap((effect) =>
    effect.do === 'notify' && effect.notice.notice === 'reload-failed' ? [effect.notice] : [],
  );

test('a failed reload says which generation failed, why, and which one serves', () => {
  const driver = new Driver().boot();
  driver.reload();
  assert.deepEqual(failuresIn(driver.failBoot(3)), [
    {
      notice: 'reload-failed',
      generation: 2,
      reason: 'worker 0 of generation 2: no luck',
      kept: 1,
    },
  ]);
});

test('a failed reload ends new workers that boot at once, and those that serve when replaced', () => {
  const driver = new Driver({ workers: 3 }).boot();
  driver.reload({ workers: 3, surge: 2 });
  driver.ready(4);
  driver.leaveAll();
  const [failing, other] = driver.booting();
  driver.failBoot(failing?.id ?? 0);
  assert.equal(driver.state.children.get(other?.id ?? 0)?.worker.phase, 'killed');
  assert.equal(driver.picture(), '0:2 1:1 2:1');
  const [back] = driver.booting();
  assert.deepEqual([back?.slot, back?.generation], [0, 1]);
  assert.deepEqual(kinds(driver.ready(back?.id ?? 0)), ['drain']);
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('a generation is given back when its last worker is gone, and only once', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.ready(3);
  driver.failBoot(4);
  assert.ok(!kinds(driver.effects).includes('release'));
  driver.settle();
  assert.deepEqual(
    driver.effects.filter((effect) => effect.do === 'release'),
    [{ do: 'release', generation: 2 }],
  );
});

test('an old worker that cannot boot again after a failed reload is retried, with pauses', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.ready(3);
  driver.leaveAll();
  driver.failBoot(driver.booting()[0]?.id ?? 0); // the reload fails
  driver.failBoot(driver.booting()[0]?.id ?? 0); // and the way back too
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  assert.equal(failuresIn(driver.effects).length, 1);
  assert.deepEqual(driver.booting(), []);
  assert.equal(driver.picture(), '0:2 1:1', 'whoever serves goes on');
  driver.pass(500);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1');
});

test('a boot failure after every slot has gone over is no reason to go back', () => {
  const driver = new Driver().boot();
  driver.reload();
  driver.readyAll();
  driver.crash(driver.serving()[0]?.id ?? 0);
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  assert.equal(failuresIn(driver.effects).length, 0);
  driver.pass(500);
  driver.settle();
  assert.equal(driver.picture(), '0:2 1:2');
});

test('a new worker that dies before it is ready fails the reload, by whatever it died', () => {
  for (const death of [{ code: 0 }, { code: null, signal: 'SIGKILL', oom: true }]) {
    const driver = new Driver().boot();
    driver.reload();
    assert.equal(failuresIn(driver.exit(3, death)).length, 1);
  }
});

test('a reload that fails goes back to its own number of workers, scaled by what was asked meanwhile', () => {
  const driver = new Driver({ workers: 2 }).boot();
  driver.reload({ workers: 8 });
  driver.command({ command: 'scale', by: 1 });
  assert.equal(driver.state.target, 9);
  driver.failBoot(driver.booting()[0]?.id ?? 0);
  driver.settle();
  assert.equal(driver.picture(), '0:1 1:1 2:1');
});

test('a failed reload to more workers ends those in the slots that were not there before', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.reload({ workers: 3 });
  driver.ready(3);
  driver.failBoot(4);
  assert.equal(driver.picture(), '0:1');
  driver.settle();
  assert.equal(driver.children().length, 1);
});
