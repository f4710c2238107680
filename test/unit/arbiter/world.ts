import fc from 'fast-check';
import { type Driver, policy } from './driver.ts';

/** What can happen, and how often it does; the number picks whom it happens to. */
const weights = {
  spawned: 3,
  ready: 8,
  leave: 5,
  crash: 2,
  fail: 2,
  failLater: 1,
  bloat: 2,
  overdue: 1,
  broken: 1,
  serveMany: 1,
  told: 1,
  dumped: 2,
  beatAll: 4,
  pass: 5,
  late: 1,
  scale: 3,
  quiet: 1,
  reload: 4,
  prepared: 5,
  unprepared: 2,
  upgrade: 1,
  upgradeFailed: 1,
  upgradeReady: 1,
  stop: 1,
  quick: 1,
  ghost: 1,
  resize: 2,
  carefulReload: 3,
  abort: 1,
  confirm: 2,
  rollback: 1,
  recycle: 2,
  drainOne: 2,
  undrain: 2,
  kill: 1,
  parked: 3,
  unparked: 3,
  hold: 1,
  resume: 2,
  pause: 1,
} as const;

type Act = keyof typeof weights;

export interface Happening {
  act: Act;
  pick: number;
}

export const happenings: fc.Arbitrary<Happening> = fc.oneof(
  ...Object.entries(weights).map(([act, weight]) => ({
    weight,
    arbitrary: fc.record({ act: fc.constant(act as Act), pick: fc.nat(40_000) }),
  })),
);

/** Workers that accept by themselves, or gateways in front of them. */
const fronts = [
  { gateways: 0, edge: '' },
  { gateways: 1, edge: 'one' },
  { gateways: 2, edge: 'two' },
] as const;

const frontOf = (pick: number) => fronts[pick % fronts.length] ?? fronts[0];

const limits = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  surge: fc.integer({ min: 1, max: 3 }),
  timeoutMs: fc.constantFrom(0, 3000),
  bootMs: fc.constantFrom(1000, 5000),
  gracefulMs: fc.constantFrom(0, 4000),
  maxMemory: fc.constantFrom(0, 1000),
  maxAgeMs: fc.constantFrom(0, 8000),
  stableMs: fc.constantFrom(100, 10_000),
});

export const policies = fc
  .integer({ min: 0, max: 2 })
  .chain((front) => limits.map((limit) => ({ ...limit, ...frontOf(front) })));

const pickFrom = <T>(list: readonly T[], pick: number): T | undefined =>
  list[pick % Math.max(1, list.length)];

const onOne =
  (
    who: 'booting' | 'serving' | 'leaving' | 'parked',
    act: (driver: Driver, id: number) => unknown,
  ) =>
  (driver: Driver, pick: number): void => {
    const child = pickFrom(driver[who](), pick);
    if (child) act(driver, child.id);
  };

/** A word about a generation that is being prepared, or was before it was superseded. */
const onPreparation =
  (act: (driver: Driver, generation: number, pick: number) => unknown) =>
  (driver: Driver, pick: number): void => {
    const generation = pickFrom([...driver.preparing], pick);
    if (generation === undefined) return;
    driver.preparing.delete(generation);
    act(driver, generation, pick);
  };

const acts: Record<Act, (driver: Driver, pick: number) => unknown> = {
  spawned: onOne('booting', (driver, id) =>
    driver.push({ type: 'spawned', child: id, pid: 1000 + id, requestLimit: 50 }),
  ),
  ready: onOne('booting', (driver, id) => driver.ready(id)),
  leave: onOne('leaving', (driver, id) => driver.exit(id)),
  crash: onOne('serving', (driver, id) => driver.crash(id)),
  fail: onOne('booting', (driver, id) => driver.failBoot(id)),
  failLater: onOne('booting', (driver, id) =>
    driver.push({ type: 'failed', child: id, failure: { kind: 'boot', message: 'no' } }),
  ),
  bloat: onOne('serving', (driver, id) => driver.beat(id, { rssBytes: 2000 })),
  overdue: onOne('serving', (driver, id) =>
    driver.push({ type: 'overdue', child: id, request: 'GET / for 9 ms' }),
  ),
  broken: onOne('serving', (driver, id) =>
    driver.push({ type: 'broken', child: id, why: 'no frame' }),
  ),
  serveMany: onOne('serving', (driver, id) => driver.beat(id, { requests: 60 })),
  told: onOne('serving', (driver, id) =>
    driver.push({ type: 'leaving', child: id, why: 'was sent SIGTERM' }),
  ),
  dumped: onOne('leaving', (driver, id) => driver.push({ type: 'dumped', child: id, stack: '' })),
  beatAll: (driver) => driver.serving().map(({ id }) => driver.beat(id)),
  pass: (driver, pick) => driver.pass(pick % 9000),
  late: (driver, pick) => driver.sleepThrough(pick),
  scale: (driver, pick) => driver.command({ command: 'scale', by: (pick % 5) - 2 }),
  quiet: (driver) => driver.command({ command: 'quiet' }),
  reload: (driver) => driver.command({ command: 'reload' }),
  prepared: onPreparation((driver, generation, pick) =>
    driver.push({
      type: 'prepared',
      generation,
      policy: policy({
        ...frontOf(Math.floor(pick / 12)),
        workers: (pick % 4) + 1,
        surge: (pick % 3) + 1,
        timeoutMs: 3000,
      }),
    }),
  ),
  unprepared: onPreparation((driver, generation) =>
    driver.push({ type: 'prepare-failed', generation, reason: 'bad' }),
  ),
  upgrade: (driver) => driver.command({ command: 'upgrade' }),
  upgradeFailed: (driver) => driver.push({ type: 'upgrade-failed', reason: 'no luck' }),
  upgradeReady: (driver, pick) => pick % 4 === 0 && driver.push({ type: 'upgrade-ready', pid: 99 }),
  stop: (driver, pick) => pick % 4 === 0 && driver.command({ command: 'stop', how: 'graceful' }),
  quick: (driver, pick) => pick % 4 === 0 && driver.command({ command: 'stop', how: 'quick' }),
  resize: (driver, pick) => driver.operate({ command: 'resize', to: pick % 6 }),
  carefulReload: (driver, pick) =>
    driver.operate({
      command: 'reload',
      canaryMs: pick % 2 === 0 ? 2000 : null,
      confirmMs: pick % 3 === 0 ? 5000 : null,
    }),
  abort: (driver) => driver.operate({ command: 'abort' }),
  confirm: (driver) => driver.operate({ command: 'confirm' }),
  rollback: (driver) => driver.operate({ command: 'rollback' }),
  recycle: (driver, pick) =>
    driver.operate({ command: 'recycle', slot: pick % 5 === 4 ? null : pick % 5 }),
  drainOne: (driver, pick) => driver.operate({ command: 'drain', slot: pick % 4 }),
  undrain: (driver, pick) => driver.operate({ command: 'undrain', slot: pick % 4 }),
  kill: (driver, pick) =>
    driver.operate({
      command: 'kill',
      slot: pick % 4,
      signal: pick % 3 === 0 ? 'SIGKILL' : pick % 3 === 1 ? 'SIGTERM' : 'SIGQUIT',
    }),
  parked: onOne('parked', (driver, id) => driver.push({ type: 'parked', child: id })),
  unparked: (driver, pick) => {
    const child = pickFrom([...driver.unparked], pick);
    if (child !== undefined) driver.push({ type: 'unparked', child });
  },
  hold: (driver) => driver.operate({ command: 'hold' }),
  resume: (driver) => driver.operate({ command: 'resume' }),
  pause: (driver, pick) => driver.operate({ command: pick % 2 === 0 ? 'pause' : 'unpause' }),
  // Words of somebody who is gone, or never was.
  ghost: (driver, pick) => {
    driver.ready(9000 + pick);
    driver.beat(9000 + pick);
    driver.crash(9000 + pick);
  },
};

export const happen = (driver: Driver, { act, pick }: Happening): void =>
  void acts[act](driver, pick);

/** From here on nothing goes wrong any more, for as long as it takes. */
export function beKind(driver: Driver): void {
  driver.push({ type: 'upgrade-failed', reason: 'no luck' });
  driver.command({ command: 'resume' });
  for (let slot = 0; slot < 6; slot += 1) driver.command({ command: 'undrain', slot });
  for (let round = 0; round < 20; round += 1) {
    refusePrepared(driver);
    driver.settle();
    for (const { id } of [...driver.serving(), ...driver.parked()]) driver.beat(id);
    driver.pass(2900);
  }
  driver.settle();
}

/** Also of a reload that waited for the start. */
function refusePrepared(driver: Driver): void {
  for (const generation of driver.preparing) {
    driver.push({ type: 'prepare-failed', generation, reason: 'bad' });
  }
  driver.preparing.clear();
}
