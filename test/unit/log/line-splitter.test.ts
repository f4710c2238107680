import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineSplitter } from '../../../src/log/line-splitter.ts';

const bytes = (text: string) => Buffer.from(text);

test('line splitter joins what chunks cut, characters too', () => {
  const splitter = new LineSplitter();
  const euro = bytes('€');
  assert.deepEqual(splitter.push(bytes('one\r\ntw')), ['one']);
  assert.deepEqual(splitter.push(Buffer.concat([bytes('o '), euro.subarray(0, 1)])), []);
  assert.deepEqual(splitter.push(Buffer.concat([euro.subarray(1), bytes('\n\nth')])), [
    'two €',
    '',
  ]);
  assert.equal(splitter.end(), 'th');
});

test('line splitter cuts a long line once, and goes on with the next', () => {
  const splitter = new LineSplitter();
  const long = 'x'.repeat(6000);
  assert.deepEqual(splitter.push(bytes(long)), []);
  const [cut, ...others] = splitter.push(bytes(long));
  assert.match(cut ?? '', /^x{8192} \[cut\]$/);
  assert.deepEqual(others, []);
  assert.deepEqual(splitter.push(bytes(long)), []);
  assert.deepEqual(splitter.push(bytes(`${long}\nnext\n`)), ['next']);
  assert.equal(splitter.end(), null);
  const [whole] = new LineSplitter().push(bytes(`${long}${long}\n`));
  assert.match(whole ?? '', /^x{8192} \[cut\]$/);
});

test('line splitter counts the lines it passes, and never shows half of one', () => {
  const splitter = new LineSplitter();
  splitter.push(bytes('be'));
  assert.equal(splitter.pass(bytes('gun\nsecond\nthi')), 2);
  assert.deepEqual(splitter.push(bytes('rd\nfourth\n')), ['fourth']);
  assert.equal(splitter.pass(bytes('fifth\n')), 1);
  assert.deepEqual(splitter.push(bytes('sixth\n')), ['sixth']);
});
