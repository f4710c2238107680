import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, kinds, logged, notices } from './driver.ts';

test('a start spawns every worker at once and serves when all are ready', () => {
  const driver = new Driver({ workers: 3 });
  assert.deepEqual(kinds(driver.push({ type: 'start' })), ['spawn', 'spawn', 'spawn']);
  driver.ready(1);
  driver.ready(2);
  assert.equal(driver.state.mode.kind, 'starting');
  assert.deepEqual(notices(driver.ready(3)).includes('serving'), true);
  assert.equal(driver.state.mode.kind, 'serving');
});

test('one worker that boots is enough: the others are retried', () => {
  const driver = new Driver();
  driver.push({ type: 'start' });
  driver.failBoot(1);
  assert.equal(driver.children().length, 1, 'no second try while starting');
  assert.match(logged(driver.ready(2)), /Ready: 1 of 2 workers serve/);
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.booting().length, 1, 'and one as soon as it serves');
});

for (const [kind, code] of [
  ['app', 4],
  ['boot', 3],
] as const) {
  test(`a start that fails by "${kind}" in every worker exits with ${code}`, () => {
    const driver = new Driver();
    driver.push({ type: 'start' });
    driver.failBoot(1, kind);
    const effects = driver.failBoot(2, kind);
    const exit = effects.find((effect) => effect.do === 'exit');
    assert.equal(exit?.code, code);
    assert.match(exit?.reason ?? '', /no luck/);
    assert.match(logged(effects), /Reason: .* no luck/);
  });
}

test('a start that fails by a syntax error ends with the place of it', () => {
  const driver = new Driver({ workers: 1 });
  driver.push({ type: 'start' });
  const stack = '/srv/app.js:7\nlet (\n    ^\n\nSyntaxError: No name\n    at x';
  const failure = { kind: 'app', message: 'No name', stack } as const;
  driver.push({ type: 'failed', child: 1, failure });
  const exit = driver.exit(1, { code: 1 }).find((effect) => effect.do === 'exit');
  assert.equal(exit?.reason, 'App failed to load. /srv/app.js:7: SyntaxError: No name');
});

test('a start whose workers never get ready ends with their stacks and exit code 3', () => {
  const driver = new Driver({ workers: 1, bootMs: 5000 });
  driver.push({ type: 'start' });
  driver.push({ type: 'spawned', child: 1, pid: 7, requestLimit: 0 });
  assert.deepEqual(kinds(driver.pass(4999)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['dump']);
  assert.deepEqual(kinds(driver.push({ type: 'dumped', child: 1, stack: 'at stuck' })), ['signal']);
  assert.deepEqual(kinds(driver.pass(1000)), ['signal']);
  const exit = driver
    .exit(1, { code: null, signal: 'SIGKILL' })
    .find(({ do: what }) => what === 'exit');
  assert.equal(exit?.do === 'exit' && exit.code, 3);
});

test('a worker that cannot be started at all is a failed boot', () => {
  const driver = new Driver({ workers: 1 });
  driver.push({ type: 'start' });
  const effects = driver.exit(1, { code: null, error: 'Cannot start a worker: ENOENT' });
  assert.match(logged(effects), /ENOENT/);
  assert.equal(kinds(effects).at(-1), 'exit');
});

test('a worker that failed is killed when it does not leave by itself', () => {
  const driver = new Driver({ workers: 1 });
  driver.push({ type: 'start' });
  driver.push({ type: 'failed', child: 1, failure: { kind: 'app', message: 'no' } });
  assert.deepEqual(kinds(driver.pass(1999)), []);
  assert.deepEqual(kinds(driver.pass(1)), ['signal']);
  assert.deepEqual(kinds(driver.pass(60_000)), [], 'and only once');
});

test('a start tries each worker once and then says what the last one said', () => {
  const driver = new Driver({ workers: 3 });
  driver.push({ type: 'start' });
  driver.failBoot(2, 'boot');
  driver.failBoot(3, 'boot');
  driver.pass(50_000);
  const exit = driver.failBoot(1, 'app').find((effect) => effect.do === 'exit');
  assert.equal(exit?.code, 4);
  assert.equal(kinds(driver.effects).filter((kind) => kind === 'spawn').length, 3);
});

test('a worker that boots and crashes waits with the others for the end of the start', () => {
  const driver = new Driver();
  driver.push({ type: 'start' });
  driver.ready(1);
  assert.deepEqual(kinds(driver.crash(1)), []);
  assert.deepEqual(kinds(driver.ready(2)), ['spawn']);
  assert.equal(driver.state.mode.kind, 'serving');
});

test('TTOU during the start lets it end with those that are left', () => {
  const driver = new Driver({ workers: 2 });
  driver.push({ type: 'start' });
  driver.ready(1);
  assert.ok(notices(driver.command({ command: 'scale', by: -1 })).includes('serving'));
  driver.settle();
  assert.equal(driver.picture(), '0:1');
});

test('TTOU after the only other worker failed ends the start for the reason of that failure', () => {
  const driver = new Driver({ workers: 2 });
  driver.push({ type: 'start' });
  driver.failBoot(1, 'app');
  driver.command({ command: 'scale', by: -1 });
  const exit = driver
    .exit(2, { code: null, signal: 'SIGKILL' })
    .find(({ do: what }) => what === 'exit');
  assert.equal(exit?.do === 'exit' && exit.code, 4);
});

test('WINCH during the start is a start without workers', () => {
  const driver = new Driver();
  driver.push({ type: 'start' });
  assert.ok(notices(driver.command({ command: 'quiet' })).includes('serving'));
  driver.leaveAll();
  assert.equal(driver.state.mode.kind, 'serving');
  assert.deepEqual(kinds(driver.command({ command: 'scale', by: 1 })), ['spawn']);
});

test('a worker whose successor cannot boot does not keep the start from ending', () => {
  const driver = new Driver({ workers: 2, maxMemory: 10 });
  driver.push({ type: 'start' });
  driver.ready(1);
  driver.beat(1, { rssBytes: 11 });
  driver.failBoot(3);
  driver.ready(2);
  assert.equal(driver.state.mode.kind, 'serving');
  assert.equal(driver.picture(), '0:1 1:1');
});
