import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Queued, RequestQueue } from '../../../src/gateway/request-queue.ts';

const act = fc.oneof(
  fc.constantFrom('push', 'push', 'unshift', 'shift'),
  fc.nat(30).map((index) => index),
);

test('a queue is what a list would be, with anybody leaving at any time', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const queue = new RequestQueue<Queued>();
      const all: Queued[] = [];
      let model: Queued[] = [];
      for (const what of acts) {
        const item = { place: -1, since: 0 };
        if (what === 'push' || what === 'unshift') {
          queue[what](item);
          model[what](item);
          all.push(item);
        } else if (what === 'shift') assert.equal(queue.shift(), model.shift());
        else {
          const one = all[Number(what)] ?? item;
          assert.equal(queue.delete(one), model.includes(one));
          model = model.filter((other) => other !== one);
        }
        assert.deepEqual([...queue], model);
        assert.deepEqual([queue.length, queue.first], [model.length, model[0]]);
      }
    }),
  );
});

test('who comes back can leave again, and thousands pass without a trace', () => {
  const queue = new RequestQueue<Queued>();
  const items = Array.from({ length: 5000 }, () => ({ place: -1, since: 0 }));
  for (const item of items) queue.push(item);
  for (const item of items) assert.equal(queue.shift(), item);
  const [one, two] = items;
  assert.ok(one && two);
  queue.push(two);
  queue.unshift(one);
  assert.deepEqual([queue.delete(two), queue.delete(two), queue.shift()], [true, false, one]);
  assert.equal(queue.first, undefined);
});
