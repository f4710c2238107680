import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../../src/arbiter/event.ts';
import { Driver } from './driver.ts';

/** Every operation, in a form that has nothing else against it. */
const commands = {
  reload: { command: 'reload' },
  upgrade: { command: 'upgrade' },
  scale: { command: 'scale', by: 1 },
  resize: { command: 'resize', to: 3 },
  recycle: { command: 'recycle', slot: 0 },
  drain: { command: 'drain', slot: 0 },
  undrain: { command: 'undrain', slot: 0 },
  kill: { command: 'kill', slot: 0, signal: 'SIGKILL' },
  abort: { command: 'abort' },
  confirm: { command: 'confirm' },
  rollback: { command: 'rollback' },
  hold: { command: 'hold' },
  resume: { command: 'resume' },
  pause: { command: 'pause' },
  unpause: { command: 'unpause' },
  reopen: { command: 'reopen' },
  stop: { command: 'stop', how: 'graceful' },
} as const satisfies Record<string, Command>;

type Name = keyof typeof commands;

const names = Object.keys(commands) as Name[];

const reloading = (plan = {}) => {
  const driver = new Driver().boot();
  driver.reload({}, plan);
  return driver;
};

const confirming = () => {
  const driver = reloading({ confirmMs: 60_000 });
  driver.settle();
  return driver;
};

const after = (driver: Driver, command: Command) => {
  driver.command(command);
  return driver;
};

interface Situation {
  make(): Driver;
  /** Everything else may begin. */
  refused: readonly Name[];
  words: RegExp;
}

const situations: Record<string, Situation> = {
  starting: {
    make() {
      const driver = new Driver();
      driver.push({ type: 'start' });
      return driver;
    },
    refused: ['reload', 'upgrade', 'recycle', 'drain', 'undrain', 'abort', 'confirm', 'rollback'],
    words: /the instance is starting|no reload and no upgrade|no generation waits/,
  },
  serving: {
    make: () => new Driver().boot(),
    refused: ['abort', 'confirm', 'rollback'],
    words: /no reload and no upgrade is under way|no generation waits to be confirmed/,
  },
  'reading settings': {
    make: () => after(new Driver().boot(), commands.reload),
    refused: ['reload', 'upgrade', 'confirm', 'rollback'],
    words: /a reload is under way|no generation waits/,
  },
  'with a canary': {
    make: () => reloading({ canaryMs: 5000 }),
    refused: ['reload', 'upgrade', 'recycle', 'confirm', 'rollback'],
    words: /a reload is under way|a reload replaces the worker|no generation waits/,
  },
  rolling: {
    make: () => reloading(),
    refused: ['reload', 'upgrade', 'recycle', 'confirm', 'rollback'],
    words: /a reload is under way|a reload replaces the worker|no generation waits/,
  },
  confirming: {
    make: confirming,
    refused: ['reload', 'upgrade', 'abort'],
    words: /generation 2 waits to be confirmed or rolled back|use rollback/,
  },
  'retiring the old': {
    make: () => after(confirming(), commands.confirm),
    refused: ['reload', 'upgrade', 'abort', 'confirm', 'rollback'],
    words: /a reload is under way|the reload has switched|no generation waits/,
  },
  upgrading: {
    make: () => after(new Driver().boot(), commands.upgrade),
    refused: [
      ...(['reload', 'upgrade', 'scale', 'resize', 'recycle', 'drain', 'undrain', 'kill'] as const),
      ...(['confirm', 'rollback'] as const),
    ],
    words: /an upgrade is under way|no generation waits/,
  },
  stopping: {
    make: () => after(new Driver().boot(), commands.stop),
    refused: names.filter((name) => name !== 'stop' && name !== 'reopen'),
    words: /the instance is stopping/,
  },
};

for (const [situation, { make, refused, words }] of Object.entries(situations)) {
  test(`${situation}: what may begin and what may not`, () => {
    for (const name of names) {
      const driver = make();
      const before = driver.state;
      const op = driver.operate(commands[name]);
      const outcome = driver.operations.get(op);
      const isConflict = outcome !== null && outcome?.ok === false && outcome.why === 'conflict';
      assert.equal(isConflict, refused.includes(name), name);
      if (!isConflict) continue;
      assert.match(outcome.message, words, name);
      assert.match(outcome.message, new RegExp(`^Cannot ${name === 'resize' ? 'scale' : name}: `));
      assert.deepEqual(driver.state, before, `${name} has changed something`);
    }
  });
}

test('whatever was begun in whatever situation comes to an end', () => {
  for (const { make } of Object.values(situations)) {
    for (const name of names) {
      const driver = make();
      const op = driver.operate(commands[name]);
      for (const generation of driver.preparing)
        driver.push({ type: 'prepare-failed', generation, reason: 'enough' });
      driver.settle();
      driver.push({ type: 'upgrade-failed', reason: 'enough' });
      driver.pass(5000);
      driver.settle();
      assert.notEqual(driver.outcome(op), undefined, name);
    }
  }
});

test('a conflict names the operation that is under way', () => {
  const driver = new Driver().boot();
  const first = driver.operate(commands.reload);
  const second = driver.operate(commands.upgrade);
  assert.deepEqual(driver.operations.get(second), {
    ok: false,
    why: 'conflict',
    message: `Cannot upgrade: a reload is under way (op:${first})`,
  });
});

test('a slot without a worker is a failure and no conflict', () => {
  for (const name of ['recycle', 'drain', 'undrain', 'kill'] as const) {
    const driver = new Driver().boot();
    const op = driver.operate({ ...commands[name], slot: 17 });
    assert.deepEqual(driver.operations.get(op), {
      ok: false,
      why: 'failed',
      message: 'There is no worker in slot 17',
    });
  }
});

test('operations on different workers go on side by side', () => {
  const driver = new Driver({ workers: 4 }).boot();
  const ops = [
    driver.operate({ command: 'recycle', slot: 0 }),
    driver.operate({ command: 'drain', slot: 1 }),
    driver.operate({ command: 'kill', slot: 2, signal: 'SIGKILL' }),
    driver.operate({ command: 'scale', by: 1 }),
  ];
  driver.settle();
  assert.deepEqual(
    ops.map((op) => driver.outcome(op)),
    ['ok', 'ok', 'ok', 'ok'],
  );
  assert.equal(driver.picture(), '0:1 2:1 3:1 4:1');
});
