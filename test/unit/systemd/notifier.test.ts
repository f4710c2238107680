import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '../../../src/core/logger.ts';
import { Notifier } from '../../../src/systemd/notifier.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const errno = (code: string) => Object.assign(new Error(`no luck (${code})`), { code });

/** A systemd that has room for so many datagrams, or refuses all of them. */
function create() {
  const clock = new FakeClock();
  const told: string[] = [];
  const logged: LogRecord[] = [];
  const systemd = { room: Number.POSITIVE_INFINITY, refusal: null as Error | null, tried: 0 };
  const notifier = new Notifier(
    '/run/notify',
    clock,
    (record) => void logged.push(record),
    (to, text, descriptor) => {
      assert.equal(to, '/run/notify');
      systemd.tried += 1;
      if (systemd.refusal) throw systemd.refusal;
      if (systemd.room === 0) throw errno('EAGAIN');
      systemd.room -= 1;
      told.push(descriptor === null ? text : `${text} with ${descriptor}`);
    },
  );
  const say = (...lines: string[]) => notifier.notify({ lines });
  return { clock, told, logged, systemd, notifier, say };
}

test('each notification is a datagram of its lines, sent at once, with its descriptor', () => {
  const { told, say, notifier, clock } = create();
  say('READY=1', 'STATUS=x');
  notifier.notify({ lines: ['FDSTORE=1', 'FDNAME=a'], descriptor: 9 });
  assert.deepEqual(told, ['READY=1\nSTATUS=x', 'FDSTORE=1\nFDNAME=a with 9']);
  assert.equal(clock.waiting, 0);
});

test('while systemd is busy nothing is lost, nor out of order, nor waited for', () => {
  const { told, say, systemd, clock, logged } = create();
  systemd.room = 1;
  for (const text of ['a', 'b', 'c', 'd']) say(text);
  assert.deepEqual(told, ['a']);
  assert.equal(systemd.tried, 2, 'those behind it are not tried');
  assert.equal(clock.waiting, 1);
  clock.pass(200);
  assert.deepEqual(told, ['a']);
  systemd.room = 2;
  clock.pass(50);
  assert.deepEqual(told, ['a', 'b', 'c']);
  say('e');
  systemd.room = 100;
  clock.pass(50);
  assert.deepEqual(told, ['a', 'b', 'c', 'd', 'e']);
  assert.equal(clock.waiting, 0);
  say('f');
  assert.equal(told.at(-1), 'f');
  assert.deepEqual(logged, []);
});

test('for a systemd that never listens again no more than 1000 words wait', () => {
  const { told, say, systemd, clock } = create();
  systemd.room = 0;
  for (let count = 1; count <= 1500; count += 1) say(String(count));
  systemd.room = Number.POSITIVE_INFINITY;
  clock.pass(50);
  assert.equal(told.length, 1000);
  assert.deepEqual([told[0], told.at(-1)], ['501', '1500'], 'the oldest are given up');
});

test('a socket that cannot be used is warned of once', () => {
  const { told, say, systemd, logged, clock } = create();
  systemd.refusal = errno('ECONNREFUSED');
  say('a');
  say('b');
  assert.equal(clock.waiting, 0, 'and not tried again');
  assert.deepEqual(logged, [
    { level: 'warning', message: 'Cannot notify "/run/notify": no luck (ECONNREFUSED)' },
  ]);
  systemd.refusal = null;
  say('c');
  assert.deepEqual(told, ['c'], 'it may be there again');
  systemd.refusal = errno('ENOENT');
  say('d');
  assert.equal(logged.length, 1);
});

test('who wants to know hears when systemd has it, or never will', () => {
  const { notifier, systemd, clock } = create();
  const heard: string[] = [];
  const tell = (text: string) => notifier.notify({ lines: [text], onTold: () => heard.push(text) });
  tell('a');
  assert.deepEqual(heard, ['a']);
  systemd.room = 0;
  tell('b');
  assert.deepEqual(heard, ['a']);
  systemd.room = 1;
  clock.pass(50);
  assert.deepEqual(heard, ['a', 'b']);
  systemd.refusal = errno('ENOENT');
  tell('c');
  assert.deepEqual(heard, ['a', 'b', 'c']);
  systemd.refusal = null;
  systemd.room = 0;
  tell('d');
  for (let count = 0; count < 1000; count += 1) notifier.notify({ lines: ['x'] });
  assert.deepEqual(heard, ['a', 'b', 'c', 'd'], 'given up');
});

test('what is told from within an answer comes after it', () => {
  const { notifier, told } = create();
  notifier.notify({ lines: ['a'], onTold: () => notifier.notify({ lines: ['c'] }) });
  notifier.notify({ lines: ['b'] });
  assert.deepEqual(told, ['a', 'c', 'b']);
});

test('who ends waits until systemd has heard all, but not for ever', async () => {
  const { notifier, say, systemd, clock, told } = create();
  await notifier.settle(2000);
  systemd.room = 0;
  say('a');
  say('b');
  const settled = notifier.settle(2000);
  clock.pass(1000);
  systemd.room = 2;
  clock.pass(50);
  await settled;
  assert.deepEqual(told, ['a', 'b']);
  assert.equal(clock.waiting, 0);
  say('c');
  const given = notifier.settle(2000);
  clock.pass(2000);
  await given;
  assert.deepEqual(told, ['a', 'b']);
});
