import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../../src/arbiter/event.ts';
import type { Predecessor } from '../../../src/arbiter/predecessor.ts';
import { Records } from '../../../src/arbiter/records.ts';
import { Service } from '../../../src/arbiter/service.ts';
import type { Inherited } from '../../../src/sockets/inherit.ts';
import { ListenerSet } from '../../../src/sockets/listener-set.ts';
import { formatPassedName } from '../../../src/sockets/passed-name.ts';
import { ServiceManager } from '../../../src/systemd/service-manager.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createFakeSpawn } from '../../helpers/fake-spawn.ts';
import { Driver } from './driver.ts';

interface Options {
  watchdogMs?: number | null;
  storeMax?: number;
  predecessor?: Predecessor | null;
  inherited?: readonly Inherited[];
}

/** A service with a pure core behind it, and what systemd hears of it. */
function create({
  watchdogMs = null,
  storeMax = 8,
  predecessor = null,
  inherited = [],
}: Options = {}) {
  const clock = new FakeClock();
  const driver = new Driver();
  const told: string[] = [];
  const systemd = { busy: false };
  const log = ({ message }: { message: string }) => assert.fail(message);
  const send = (_to: string, text: string) => {
    if (systemd.busy) throw Object.assign(new Error('busy'), { code: 'EAGAIN' });
    told.push(text.replaceAll('\n', ' '));
  };
  const environment = { notifySocket: '/none', watchdogMs, storeMax };
  const manager = new ServiceManager(environment, { clock, log, send });
  const instance = {
    lookedUpAt: 0,
    records: new Records(clock, () => []),
    get state() {
      return driver.state;
    },
  };
  const { spawn, children } = createFakeSpawn();
  const listeners = new ListenerSet();
  const service = new Service({
    manager,
    clock,
    spawn,
    env: {},
    log,
    listeners,
    inherited,
    predecessor,
    instance,
  });
  const hear = () => told.splice(0).map((text) => text.replace(/ MONOTONIC_USEC=\d+/, ''));
  /** Time in which the arbiter looks up all the time. */
  const live = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      instance.lookedUpAt = clock.now();
      clock.pass(100);
    }
  };
  return { clock, driver, service, instance, systemd, hear, live, children, listeners };
}

const extension = 'EXTEND_TIMEOUT_USEC=10000000';
const serving = 'STATUS=2/2 workers ready, generation 1, 0 req/s';

function createServing(options: Options = {}) {
  const made = create(options);
  made.driver.boot();
  made.service.begin();
  made.service.onNotice({ notice: 'serving' });
  made.hear();
  return made;
}

test('a start tells how far it is, asks for time, and is ready when it serves', () => {
  const { service, driver, hear, live } = create();
  service.begin();
  assert.deepEqual(hear(), [
    extension,
    'STATUS=starting: 0/2 workers ready, generation 1, 0 req/s',
  ]);
  live(4000);
  assert.deepEqual(hear(), [extension, extension], 'the status is the same');
  driver.boot();
  service.onNotice({ notice: 'serving' });
  assert.deepEqual(hear(), ['READY=1', serving]);
  live(10_000);
  assert.deepEqual(hear(), [], 'nothing is new');
});

test('nobody hears anything of a service that has not begun', async () => {
  const { service, driver, hear, live } = create();
  driver.boot();
  for (const notice of ['serving', 'held'] as const) service.onNotice({ notice });
  service.onNotice({ notice: 'stopping', how: 'graceful' });
  await service.handOver(4711);
  live(10_000);
  assert.deepEqual(hear(), []);
});

const reloads: [what: string, notices: Notice[], told: RegExp[]][] = [
  ['is done', [{ notice: 'reload-done', generation: 2 }], [/^READY=1$/]],
  [
    'waits for a word',
    [{ notice: 'reload-switched', generation: 2, confirmMs: 5000 }],
    [/^READY=1$/],
  ],
  [
    'fails',
    [{ notice: 'reload-failed', generation: 2, reason: 'no\nluck', kept: 1 }],
    [/^READY=1$/, /^STATUS=2\/2 .*; reload failed: no/],
  ],
  [
    'is taken back',
    [
      { notice: 'reload-switched', generation: 2, confirmMs: 5000 },
      { notice: 'rolled-back', generation: 2, reason: 'nobody confirmed', kept: 1 },
    ],
    [/^READY=1$/, /^READY=1$/, /^STATUS=2\/2 .*; reload failed: nobody confirmed$/],
  ],
];

for (const [what, notices, expected] of reloads) {
  test(`a reload that ${what} ends for systemd as well`, () => {
    const { service, hear } = createServing();
    service.onNotice({ notice: 'reload-started', generation: 2 });
    assert.deepEqual(hear(), ['RELOADING=1']);
    for (const notice of notices) service.onNotice(notice);
    const told = hear();
    assert.equal(told.length, expected.length, told.join());
    for (const [index, pattern] of expected.entries()) assert.match(told[index] ?? '', pattern);
  });
}

test('the trouble of a reload is told until one succeeds', () => {
  const { service, hear, live } = createServing();
  service.onNotice({ notice: 'reload-failed', generation: 2, reason: 'no luck', kept: 1 });
  hear();
  live(4000);
  assert.deepEqual(hear(), []);
  service.onNotice({ notice: 'reload-started', generation: 3 });
  service.onNotice({ notice: 'reload-done', generation: 3 });
  assert.deepEqual(hear(), ['RELOADING=1', 'READY=1', serving]);
});

test('a stop says so, and asks for time until it is over', async () => {
  const { service, driver, hear, live } = createServing();
  driver.command({ command: 'stop', how: 'graceful' });
  service.onNotice({ notice: 'stopping', how: 'graceful' });
  assert.deepEqual(hear(), [
    'STOPPING=1',
    extension,
    'STATUS=stopping: 2 processes left, 0 requests in flight',
  ]);
  live(4000);
  assert.deepEqual(hear(), [extension, extension]);
  await service.end();
  live(10_000);
  assert.deepEqual(hear(), []);
});

test('notices that are nothing to systemd are not told', () => {
  const { service, hear } = createServing();
  for (const notice of ['held', 'resumed', 'paused', 'unpaused'] as const)
    service.onNotice({ notice });
  service.onNotice({ notice: 'scaled', from: 2, to: 3 });
  service.onNotice({ notice: 'upgrade-failed', reason: 'no luck' });
  assert.deepEqual(hear(), []);
});

test('a watchdog is fed three times as often as it asks, and at least every 2 s', () => {
  for (const [watchdogMs, beats] of [
    [30_000, 5],
    [6000, 5],
    [3000, 10],
    [600, 50],
  ] as const) {
    const { hear, live } = createServing({ watchdogMs });
    live(10_000);
    const told = hear();
    assert.equal(told.length, beats, `of ${watchdogMs} ms`);
    assert.ok(told.every((text) => text === 'WATCHDOG=1'));
  }
});

test('an arbiter that does not look up is not fed for, though its timers run', () => {
  const { hear, live, clock, instance } = createServing({ watchdogMs: 3000 });
  live(2000);
  hear();
  clock.pass(60_000);
  const told = hear();
  assert.ok(told.length > 0 && told.length <= 5, `${told.length} beats of one that is stuck`);
  instance.lookedUpAt = clock.now();
  clock.pass(1000);
  assert.deepEqual(hear(), ['WATCHDOG=1'], 'it is back');
});

test('the hand-over is the last word, and settles when systemd has it', async () => {
  const { service, driver, hear, live, systemd, clock } = createServing({ watchdogMs: 3000 });
  systemd.busy = true;
  let settled = false;
  const over = service.handOver(4711).then(() => {
    settled = true;
  });
  driver.command({ command: 'stop', how: 'graceful' });
  service.onNotice({ notice: 'stopping', how: 'handover' });
  live(5000);
  await Promise.resolve();
  assert.equal(settled, false);
  systemd.busy = false;
  clock.pass(50);
  await over;
  live(10_000);
  assert.deepEqual(hear(), ['MAINPID=4711']);
  assert.equal(clock.waiting, 0);
});

test('a successor says first that it is ready', () => {
  const { service, driver, hear } = create({ watchdogMs: 3000 });
  driver.boot();
  service.onNotice({ notice: 'serving' });
  service.takeOver();
  assert.deepEqual(hear(), ['READY=1', 'WATCHDOG=1', serving]);
});

test('what an earlier life has left in the store and nobody wants is removed, and only that', () => {
  const owned = formatPassedName({ key: 'unix:/a', slot: 0, order: 0, owned: true });
  const lent = formatPassedName({ key: 'fd://web', slot: 0, order: 0, owned: false });
  const inherited = [owned, lent, 'web'].map((name, index) => ({ name, fd: 3 + index }));
  const { service, hear } = create({ inherited });
  service.begin();
  assert.deepEqual(
    hear().filter((text) => text.startsWith('FDSTORE')),
    [`FDSTOREREMOVE=1 FDNAME=${owned}`],
  );
});

test('with nothing in the store a stop asks nobody whether it is a restart', async () => {
  const { service, children, listeners } = createServing({ storeMax: 0 });
  await service.prepare({ command: 'stop', how: 'graceful' });
  await service.prepare({ command: 'reload' });
  assert.equal(children.length, 0);
  assert.equal(listeners.isBequeathed, false);
});

/** A program that we succeed, which ends when the test says so. */
function createPredecessor() {
  const waits: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const predecessor: Predecessor = {
    switches: { paused: false, held: false },
    ready: () => undefined,
    failed: () => undefined,
    onTakeOver: () => () => undefined,
    waitForEnd(_clock, mostMs) {
      waits.push(mostMs);
      return promise;
    },
  };
  return { predecessor, waits, end: resolve };
}

test('a service that is stopped waits for the program that it has succeeded', async () => {
  const { predecessor, waits, end } = createPredecessor();
  const { service, driver, hear, live } = createServing({ predecessor });
  driver.command({ command: 'stop', how: 'graceful' });
  service.onNotice({ notice: 'stopping', how: 'graceful' });
  hear();
  const ended = service.end();
  live(4000);
  assert.deepEqual(hear(), [extension, extension], 'and asks for time meanwhile');
  end();
  await ended;
  live(4000);
  assert.deepEqual(hear(), []);
  assert.deepEqual(waits, [30_000], 'as long as its requests may take');
});

test('one that is to stop at once waits for nobody', async () => {
  const { predecessor, waits } = createPredecessor();
  const { service, driver } = createServing({ predecessor });
  driver.command({ command: 'stop', how: 'quick' });
  await service.end();
  assert.deepEqual(waits, []);
});
