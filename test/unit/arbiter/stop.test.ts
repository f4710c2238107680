import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../../src/arbiter/event.ts';
import { Driver, kinds, logged, notices } from './driver.ts';

const exits = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'exit');

test('a graceful stop refuses what is new, lets workers empty the queue, and exits after the last', () => {
  const driver = new Driver({ gracefulMs: 7000 }).boot();
  const effects = driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(effects), ['refuse-new', 'drain', 'drain']);
  assert.deepEqual(notices(effects), ['stopping']);
  assert.deepEqual(
    effects.find((effect) => effect.do === 'drain'),
    { do: 'drain', child: 1, emptyBacklog: true, linger: 'brief', graceMs: 7000 },
  );
  const exited = driver.exit(1);
  assert.deepEqual(kinds(exited), []);
  assert.deepEqual(
    exited.flatMap((effect) =>
      effect.do === 'notify' && 'reason' in effect.notice ? [effect.notice.reason] : [],
    ),
    ['stopped'],
  );
  assert.deepEqual(exits(driver.exit(2)), [{ do: 'exit', code: 0, reason: null }]);
});

test('a stop that takes too long kills', () => {
  const driver = new Driver({ workers: 1, gracefulMs: 5000 }).boot();
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(driver.pass(5499)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['signal']);
  assert.deepEqual(kinds(driver.pass(60_000)), []);
});

test('a quick stop tells the workers to leave and kills those that do not', () => {
  const driver = new Driver({ quickMs: 1000 }).boot();
  const effects = driver.command({ command: 'stop', how: 'quick' });
  assert.deepEqual(kinds(effects), ['refuse-new', 'quit', 'quit']);
  driver.exit(1);
  assert.deepEqual(kinds(driver.pass(999)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['signal']);
  assert.equal(exits(driver.exit(2)).length, 1);
});

test('INT after TERM shortens a stop, TERM after INT does not lengthen it', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'quick' })), ['quit']);
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'graceful' })), []);
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'quick' })), []);
  assert.deepEqual(kinds(driver.pass(1000)), ['signal']);
});

test('INT shortly before the end of a graceful stop does not put that off', () => {
  const driver = new Driver({ workers: 1, gracefulMs: 5000, quickMs: 1000 }).boot();
  driver.command({ command: 'stop', how: 'graceful' });
  driver.pass(5400);
  driver.command({ command: 'stop', how: 'quick' });
  assert.deepEqual(kinds(driver.pass(100)), ['signal']);
});

test('a stop does not wait for the idle clients of a worker that was leaving already', () => {
  const driver = new Driver({ gracefulMs: 5000 }).boot();
  driver.command({ command: 'scale', by: -1 });
  driver.pass(3000);
  const effects = driver.command({ command: 'stop', how: 'graceful' });
  const drains = effects.filter((effect) => effect.do === 'drain');
  assert.deepEqual(
    drains.map(({ child, linger }) => `${child} ${linger}`),
    ['1 brief', '2 brief'],
  );
  assert.deepEqual(kinds(driver.pass(2500)), ['signal'], 'which keeps its own deadline');
  const exited = driver.exit(2).find((effect) => effect.do === 'notify');
  assert.equal(
    exited?.do === 'notify' && 'reason' in exited.notice && exited.notice.reason,
    'scaled',
  );
});

test('the daemon ends once, whatever is asked of it then', () => {
  const driver = new Driver({ workers: 1 }).boot();
  driver.command({ command: 'stop', how: 'graceful' });
  driver.exit(1);
  driver.command({ command: 'stop', how: 'quick' });
  driver.command({ command: 'stop', how: 'graceful' });
  driver.command({ command: 'scale', by: 1 });
  driver.pass(60_000);
  assert.equal(exits(driver.effects).length, 1);
});

test('a failed start keeps its exit code when it is stopped as well', () => {
  const driver = new Driver({ workers: 1 });
  driver.push({ type: 'start' });
  driver.failBoot(1, 'app');
  driver.command({ command: 'stop', how: 'graceful' });
  driver.command({ command: 'stop', how: 'quick' });
  assert.deepEqual(
    exits(driver.effects).map((effect) => effect.do === 'exit' && effect.code),
    [4],
  );
});

test('nothing is replaced, scaled, reloaded or upgraded while stopping', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'stop', how: 'graceful' });
  assert.deepEqual(kinds(driver.crash(1)), []);
  assert.deepEqual(driver.command({ command: 'scale', by: 1 }), []);
  assert.match(logged(driver.command({ command: 'reload' })), /refused: the instance is stopping/);
  assert.match(logged(driver.command({ command: 'upgrade' })), /refused: the instance is stopping/);
});

test('a hung worker does not hold up a stop', () => {
  const driver = new Driver({ workers: 1, timeoutMs: 1000, dumpMs: 2000 }).boot();
  driver.pass(1000);
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'graceful' })), [
    'refuse-new',
    'signal', // its successor, which boots
  ]);
  driver.settle();
  assert.equal(exits(driver.effects).length, 1);
  const quick = new Driver({ workers: 1, timeoutMs: 1000, dumpMs: 2000 }).boot();
  quick.pass(1000);
  assert.deepEqual(kinds(quick.command({ command: 'stop', how: 'quick' })), [
    'refuse-new',
    'signal',
    'signal',
  ]);
});

/** Every mode in which a stop can come. */
const modes: Record<string, (driver: Driver) => unknown> = {
  'before the start': () => undefined,
  starting: (driver) => driver.push({ type: 'start' }),
  'starting with one ready': (driver) => {
    driver.push({ type: 'start' });
    driver.ready(1);
  },
  serving: (driver) => driver.boot(),
  'preparing a reload': (driver) => driver.boot().command({ command: 'reload' }),
  'rolling over': (driver) => driver.boot().reload(),
  'rolled half way': (driver) => {
    driver.boot().reload();
    driver.ready(3);
  },
  'switched over': (driver) => {
    driver.boot().reload();
    driver.readyAll();
  },
  'superseding a reload': (driver) => {
    driver.boot().reload();
    driver.command({ command: 'reload' });
  },
  upgrading: (driver) => driver.boot().command({ command: 'upgrade' }),
  'handing over': (driver) => {
    driver.boot().command({ command: 'upgrade' });
    driver.push({ type: 'upgrade-ready', pid: 99 });
  },
  quiet: (driver) => driver.boot().command({ command: 'quiet' }),
};

for (const [mode, enter] of Object.entries(modes)) {
  for (const how of ['graceful', 'quick'] as const) {
    test(`a ${how} stop while ${mode} ends everybody within its time, and exits with 0`, () => {
      const driver = new Driver({ gracefulMs: 5000, quickMs: 1000 });
      enter(driver);
      const effects = driver.command({ command: 'stop', how });
      assert.equal(kinds(effects).includes('cancel-upgrade'), mode === 'upgrading');
      for (const generation of driver.preparing) {
        driver.push({ type: 'prepared', generation, policy: driver.state.generations.get(1)! });
      }
      assert.equal(driver.booting().length, 0);
      driver.pass(how === 'quick' ? 1000 : 30_500);
      assert.deepEqual(
        driver.children().filter(({ worker }) => worker.phase !== 'killed'),
        [],
      );
      driver.leaveAll();
      assert.deepEqual(exits(driver.effects), [{ do: 'exit', code: 0, reason: null }]);
    });
  }
}

test('whoever was killed already is not told again', () => {
  const driver = new Driver({ workers: 1, gracefulMs: 5000 }).boot();
  driver.command({ command: 'stop', how: 'graceful' });
  driver.pass(5500);
  assert.deepEqual(kinds(driver.command({ command: 'stop', how: 'quick' })), []);
});

test('a hand-over asks nothing more of a worker that was leaving already', () => {
  const driver = new Driver().boot();
  driver.command({ command: 'scale', by: -1 });
  driver.command({ command: 'upgrade' });
  assert.deepEqual(kinds(driver.push({ type: 'upgrade-ready', pid: 99 })), ['hand-over', 'drain']);
});
