import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../../src/core/clock.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { holdWithRetries } from '../../../src/sockets/hold-with-retries.ts';

/** Runs every pause at once and counts them. */
function hurriedClock() {
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => 0,
    wallTime: () => 0,
    after(ms, callback) {
      pauses.push(ms);
      queueMicrotask(callback);
      return () => undefined;
    },
  };
  return { clock, pauses };
}

const inUse = () =>
  new TsgunError('TSGUN_E_BIND', 'Cannot listen on "x"', {
    cause: Object.assign(new Error('in use'), { code: 'EADDRINUSE' }),
  });

test('holdWithRetries() tries an address in use five times, a second apart, and says so', async () => {
  const { clock, pauses } = hurriedClock();
  const messages: string[] = [];
  const onRetry = (message: string) => void messages.push(message);
  const hold = async () => {
    throw inUse();
  };
  await assert.rejects(holdWithRetries(hold, { clock, onRetry }), { code: 'TSGUN_E_BIND' });
  assert.deepEqual(pauses, [1000, 1000, 1000, 1000]);
  assert.equal(messages.filter((message) => message.startsWith('Connection in use: ')).length, 5);
  assert.equal(messages.filter((message) => message === 'Retrying in 1 second.').length, 4);
});

test('holdWithRetries() ends as soon as the address is free, and at once for any other reason', async () => {
  const { clock, pauses } = hurriedClock();
  const options = { clock, onRetry: () => undefined };
  const outcomes = [inUse(), 'bound'];
  const hold = async () => {
    const outcome = outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  assert.equal(await holdWithRetries(hold, options), 'bound');
  assert.equal(pauses.length, 1);
  const refuse = async () => {
    throw new TsgunError('TSGUN_E_BIND', 'permission denied');
  };
  await assert.rejects(holdWithRetries(refuse, options));
  assert.equal(pauses.length, 1);
});
