import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete, type LiveWords } from '../../../../ctl/shell/complete.ts';

const live: LiveWords = {
  slots: async () => ['0', '1', '10'],
  settings: async () => ['timeout', 'threads', 'workers'],
  operations: async () => ['op:17'],
};

const wordsFor = async (line: string) => (await complete(line, live))[0];

test('complete() offers verbs', async () => {
  assert.deepEqual(await complete('st', live), [['status', 'stats', 'stop'], 'st']);
  assert.deepEqual(await wordsFor('rel'), ['reload ']);
  assert.deepEqual(await wordsFor('-o json rel'), ['reload ']);
  assert.ok((await wordsFor('')).includes('exit'));
  assert.deepEqual(await wordsFor('help sca'), ['scale ']);
});

test('complete() offers the flags of the verb and of every verb', async () => {
  assert.deepEqual(
    await wordsFor('reload --c'),
    ['--canary', '--confirm-within', '--color'].toSorted(byTable),
  );
  assert.deepEqual(await wordsFor('rel --can'), ['--canary ']);
  assert.deepEqual(await wordsFor('scale --can'), []);
  assert.deepEqual(await wordsFor('--out'), ['--output ']);
});

const byTable = (a: string, b: string) => order.indexOf(a) - order.indexOf(b);
const order = ['--color', '--canary', '--confirm-within'];

test('complete() offers the values of a flag', async () => {
  assert.deepEqual(await wordsFor('status -o '), ['table', 'json', 'jsonl', 'value']);
  assert.deepEqual(await wordsFor('status --output va'), ['value ']);
  assert.deepEqual(await wordsFor('logs --level w'), ['warning ']);
  assert.deepEqual(await wordsFor('kill 3 --signal T'), ['TERM ']);
  assert.deepEqual(await wordsFor('reload --reason '), []);
});

test('complete() offers slots and settings of the instance', async () => {
  assert.deepEqual(await wordsFor('recycle '), ['0', '1', '10']);
  assert.deepEqual(await wordsFor('rec 1'), ['1', '10']);
  assert.deepEqual(await wordsFor('recycle 1 '), []);
  assert.deepEqual(await wordsFor('kill --signal TERM '), ['0', '1', '10']);
  assert.deepEqual(await wordsFor('set t'), ['timeout', 'threads']);
  assert.deepEqual(await wordsFor('set timeout '), []);
  assert.deepEqual(await wordsFor('config w'), ['workers ']);
});

test('complete() offers what can be waited for', async () => {
  assert.deepEqual(await wordsFor('wait op'), ['op:', 'op:17']);
  assert.deepEqual(await wordsFor('wait gen'), ['generation=']);
});

test('complete() offers the words of aliases', async () => {
  assert.deepEqual(await wordsFor('update --can'), ['--canary ']);
});

test('complete() adds nothing within or behind quotes', async () => {
  assert.deepEqual(await wordsFor('recycle "1'), []);
  assert.deepEqual(await wordsFor('recycle "1"'), []);
  assert.deepEqual(await wordsFor('nonsense '), []);
});
