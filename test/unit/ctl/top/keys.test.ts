import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseKeys } from '../../../../ctl/top/keys.ts';

const keysOf = (input: string) => parseKeys(input).keys;

test('parseKeys() names arrows and pages in the forms that terminals send', () => {
  assert.deepEqual(keysOf('\x1b[A\x1bOB\x1b[C\x1b[D'), ['up', 'down', 'right', 'left']);
  assert.deepEqual(keysOf('\x1b[5~\x1b[6~\x1b[H\x1bOF\x1b[1~\x1b[4~'), [
    'page-up',
    'page-down',
    'home',
    'end',
    'home',
    'end',
  ]);
  assert.deepEqual(keysOf('\x1b[1;5A'), ['up']);
});

test('parseKeys() reads letters and control keys', () => {
  assert.deepEqual(keysOf('jK+?\x03\x1a\x0c\r'), [
    'j',
    'K',
    '+',
    '?',
    'interrupt',
    'suspend',
    'redraw',
    'enter',
  ]);
});

test('parseKeys() ignores function keys, mice and characters that are no keys here', () => {
  assert.deepEqual(keysOf('\x1b[15~\x1bOP\x1b[<0;10;10Mq'), ['q']);
  assert.deepEqual(keysOf(Buffer.from('ü世').toString('latin1')), []);
});

test('parseKeys() waits for the end of a sequence', () => {
  assert.deepEqual(parseKeys('q\x1b'), { keys: ['q'], rest: '\x1b' });
  assert.deepEqual(parseKeys('\x1b[1;'), { keys: [], rest: '\x1b[1;' });
  assert.deepEqual(parseKeys('\x1b[1;5A'), { keys: ['up'], rest: '' });
});

test('parseKeys() takes a lone ESC for the Escape key', () => {
  assert.deepEqual(parseKeys('\x1b', true), { keys: ['escape'], rest: '' });
  assert.deepEqual(parseKeys('\x1bq'), { keys: ['escape', 'q'], rest: '' });
});

test('parseKeys() does not wait for ever', () => {
  assert.equal(parseKeys(`\x1b[${'1'.repeat(100)}`).rest, '');
});

test('parseKeys() finds the same keys however the bytes are cut', () => {
  const sequence = fc.constantFrom('\x1b[A', '\x1bOB', '\x1b[6~', 'q', '+', '\x03', '\x1b[1;2C');
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 8 }), fc.nat(40), (parts, at) => {
      const input = parts.join('');
      const first = parseKeys(input.slice(0, at));
      const second = parseKeys(first.rest + input.slice(at));
      assert.deepEqual([...first.keys, ...second.keys], keysOf(input));
    }),
  );
});
