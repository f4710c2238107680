import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../../../src/arbiter/state.ts';
import { Driver, kinds } from './driver.ts';

const node = { gateways: 0, edge: '' } as const;
const one = { gateways: 1, edge: 'one' } as const;
const two = { gateways: 1, edge: 'two' } as const;

const boot = (change: Partial<Policy>): Driver => new Driver({ ...one, ...change }).boot();

/** `g0:1` is a gateway and `0:1` a worker; who serves, and who is out of rotation or leaves. */
function picture(driver: Driver): string {
  const draw = (phases: readonly string[]) =>
    driver
      .children()
      .filter(({ worker }) => phases.includes(worker.phase))
      .map(({ role, slot, generation }) => `${role === 'gateway' ? 'g' : ''}${slot}:${generation}`)
      .toSorted()
      .join(' ');
  const parts = {
    serve: draw(['ready']),
    boot: draw(['booting']),
    park: draw(['parking', 'parked']),
    leave: draw(['draining', 'killed', 'failed']),
  };
  return Object.entries(parts)
    .filter(([, text]) => text !== '')
    .map((entry) => entry.join(' '))
    .join(', ');
}

/** Makes those of one role ready that boot. */
function ready(driver: Driver, role: 'worker' | 'gateway'): void {
  for (let next = find(driver, role); next !== undefined; next = find(driver, role))
    driver.ready(next);
}

const find = (driver: Driver, role: string): number | undefined =>
  driver.booting().find((child) => child.role === role)?.id;

const end = (driver: Driver): void => {
  for (const child of driver.leaving()) driver.exit(child.id);
};

test('another edge: everything new serves before anything old leaves, gateways first', () => {
  const driver = boot({});
  driver.reload(two);
  assert.equal(picture(driver), 'serve 0:1 1:1 g0:1, boot 0:2 g0:2');
  ready(driver, 'worker');
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 1:2 g0:1, boot g0:2');
  ready(driver, 'gateway');
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 1:2 g0:2, leave g0:1');
  end(driver);
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2, leave 0:1 1:1');
  end(driver);
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2');
  assert.equal(driver.state.mode.kind, 'serving');
});

test('from Node.js to Python the old workers accept until the new gateway does', () => {
  const driver = boot(node);
  driver.reload(one);
  ready(driver, 'worker');
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 1:2, boot g0:2');
  ready(driver, 'gateway');
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2, leave 0:1 1:1');
  driver.settle();
  assert.deepEqual([...driver.state.generations.keys()], [2]);
});

test('from Python to Node.js the old gateway accepts until all new workers do', () => {
  const driver = boot(one);
  driver.reload(node);
  const first = find(driver, 'worker');
  driver.ready(first ?? 0);
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 g0:1, boot 1:2');
  ready(driver, 'worker');
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 1:2, leave g0:1');
  driver.settle();
  assert.equal(picture(driver), 'serve 0:2 1:2');
});

for (const role of ['worker', 'gateway'] as const)
  test(`a new ${role} that cannot boot gives the reload up, and everything old is as it was`, () => {
    const driver = boot({});
    const op = driver.operate({ command: 'reload' });
    driver.preparing.clear();
    driver.push({ type: 'prepared', generation: 2, policy: { ...policyOf(driver), ...two } });
    if (role === 'worker') ready(driver, 'gateway');
    driver.failBoot(find(driver, role) ?? 0, role === 'worker' ? 'app' : 'boot');
    assert.equal(driver.outcome(op), 'failed');
    assert.match(picture(driver), /^serve 0:1 1:1 g0:1/);
    driver.settle();
    assert.equal(picture(driver), 'serve 0:1 1:1 g0:1');
    assert.deepEqual([...driver.state.generations.keys()], [1]);
  });

const policyOf = (driver: Driver): Policy => {
  const policy = driver.state.generations.get(driver.state.generation);
  assert.ok(policy);
  return policy;
};

test('an aborted reload sends its gateways away before its workers', () => {
  const driver = boot({});
  driver.reload(two);
  ready(driver, 'gateway');
  const first = find(driver, 'worker');
  driver.ready(first ?? 0);
  driver.command({ command: 'abort' });
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 g0:1, leave 1:2 g0:2');
  end(driver);
  assert.equal(picture(driver), 'serve 0:1 1:1 g0:1, leave 0:2');
  driver.settle();
  assert.equal(picture(driver), 'serve 0:1 1:1 g0:1');
});

test('until it is confirmed, the old gateway is parked first, and then its workers', () => {
  const driver = boot({});
  driver.reload(two, { confirmMs: 60_000 });
  driver.readyAll();
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 1:2 g0:2, park g0:1');
  const [gateway] = driver.parked();
  driver.push({ type: 'parked', child: gateway?.id ?? 0 });
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2, park 0:1 1:1 g0:1');
  driver.settle();
  const confirm = driver.operate({ command: 'confirm' });
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2, park 0:1 1:1, leave g0:1');
  driver.settle();
  assert.equal(driver.outcome(confirm), 'ok');
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2');
});

test('a rollback puts all of them back at once, and what was new leaves in the same order', () => {
  const driver = boot({});
  driver.reload(two, { confirmMs: 60_000 });
  driver.settle();
  const back = driver.operate({ command: 'rollback' });
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 1:2 g0:1, leave g0:2');
  driver.settle();
  assert.equal(driver.outcome(back), 'ok');
  assert.equal(picture(driver), 'serve 0:1 1:1 g0:1');
});

test('with the same edge only workers are parked, and the gateway serves whoever is wanted', () => {
  const driver = boot({});
  driver.reload(one, { confirmMs: 60_000 });
  driver.settle();
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:1, park 0:1 1:1');
  driver.command({ command: 'rollback' });
  driver.settle();
  assert.equal(picture(driver), 'serve 0:1 1:1 g0:1');
});

test('a canary of another edge has a gateway of its own beside the old one', () => {
  const driver = boot({});
  driver.reload(two, { canaryMs: 2000 });
  driver.readyAll();
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 g0:1 g0:2');
  driver.crash(driver.gateways().find(({ generation }) => generation === 1)?.id ?? 0);
  driver.readyAll();
  assert.equal(picture(driver), 'serve 0:1 0:2 1:1 g0:1 g0:2', 'the old one is needed still');
  driver.pass(2000);
  driver.settle();
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2');
});

test('a new gateway that crashes after the switch keeps the old one until it is back', () => {
  const driver = boot({});
  driver.reload(two);
  ready(driver, 'gateway');
  const fresh = driver.gateways().find(({ generation }) => generation === 2)?.id ?? 0;
  const last = () => driver.booting().length === 1 && driver.picture().includes('0:2');
  while (!last()) driver.ready(find(driver, 'worker') ?? 0);
  driver.crash(fresh);
  driver.ready(find(driver, 'worker') ?? 0);
  assert.match(picture(driver), /^serve 0:1 0:2 1:1 1:2 g0:1, boot g0:2$/);
  driver.settle();
  assert.equal(picture(driver), 'serve 0:2 1:2 g0:2');
});

test('an upgrade hands over like a stop: gateways first', () => {
  const driver = boot({});
  driver.command({ command: 'upgrade' });
  const effects = driver.push({ type: 'upgrade-ready', pid: 99 });
  assert.deepEqual(kinds(effects), ['hand-over', 'drain']);
  assert.equal(picture(driver), 'serve 0:1 1:1, leave g0:1');
  driver.settle();
  assert.equal(driver.effects.filter((effect) => effect.do === 'exit').length, 1);
});
