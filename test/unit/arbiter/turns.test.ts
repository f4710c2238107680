import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createTurns } from '../../../src/arbiter/turns.ts';

test('the first is done at once, every other one in a turn of its own, in order', async () => {
  const done: number[] = [];
  const turns = createTurns();
  for (const number of [1, 2, 3]) turns(() => done.push(number));
  assert.deepEqual(done, [1]);
  for (let count = 2; count <= 3; count += 1) {
    while (done.length < count) await nextTurn();
    assert.equal(done.length, count);
  }
  assert.deepEqual(done, [1, 2, 3]);
});

test('when all are done the next one is done at once again', async () => {
  const turns = createTurns();
  turns(() => undefined);
  await nextTurn();
  await nextTurn();
  let done = false;
  turns(() => {
    done = true;
  });
  assert.ok(done);
});

test('one that asks for another one does not do it in its own turn', async () => {
  const turns = createTurns();
  const done: string[] = [];
  turns(() => {
    turns(() => done.push('inner'));
    done.push('outer');
  });
  assert.deepEqual(done, ['outer']);
  while (done.length < 2) await nextTurn();
});

test('one that throws keeps the others from nothing', async () => {
  const turns = createTurns();
  assert.throws(() =>
    turns(() => {
      throw new Error('no luck');
    }),
  );
  let done = false;
  turns(() => {
    done = true;
  });
  while (!done) await nextTurn();
});
