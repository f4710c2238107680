import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layEnds, layLine } from '../../../../ctl/terminal/line.ts';
import { createPaint } from '../../../../ctl/terminal/paint.ts';
import { cleanText, cutText, padStart, widthOf, wrapText } from '../../../../ctl/terminal/width.ts';

test('cleanText() escapes what steers a terminal', () => {
  assert.equal(cleanText('a\x1b[2Jb'), 'a\\x1b[2Jb');
  assert.equal(cleanText('\x9b31m\x07\r\n'), '\\x9b31m\\x07\\x0d\\x0a');
  assert.equal(cleanText('evil\u202etxt'), 'evil\\u{202e}txt');
  assert.equal(cleanText('a\u200db'), 'a\\u{200d}b');
  assert.equal(cleanText('\ud800'), '\\u{d800}');
  assert.equal(cleanText('a\tb'), 'a  b');
});

test('cleanText() keeps what people write', () => {
  assert.equal(cleanText('Grüße, 世界 🚀 ▁█'), 'Grüße, 世界 🚀 ▁█');
  assert.equal(cleanText('u\u0308'), 'ü');
});

test('widthOf() counts two columns for wide characters', () => {
  assert.equal(widthOf('abc'), 3);
  assert.equal(widthOf('世界'), 4);
  assert.equal(widthOf('🚀'), 2);
  assert.equal(widthOf('▁█…▲'), 4);
  assert.equal(widthOf('ü'), 1);
});

test('cutText() never cuts a wide character in two', () => {
  assert.equal(cutText('abcdef', 6), 'abcdef');
  assert.equal(cutText('abcdefg', 6), 'abcde…');
  assert.equal(cutText('世界世界', 6), '世界…');
  assert.equal(cutText('世界', 3), '世…');
  assert.equal(cutText('ab', 1), '…');
  assert.equal(cutText('ab', 0), '');
});

test('wrapText() keeps every character', () => {
  assert.deepEqual(wrapText('abcdef', 4), ['abcd', 'ef']);
  assert.deepEqual(wrapText('世界世', 5), ['世界', '世']);
  assert.deepEqual(wrapText('', 5), ['']);
});

test('padStart() counts columns and not characters', () => {
  assert.equal(padStart('世', 4), '  世');
});

test('a line is never wider than the screen, whatever is in it', () => {
  const paint = createPaint(false);
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), fc.nat(60), (pieces, width) => {
      const line = layLine(pieces, width, paint);
      assert.ok(widthOf(line) <= width);
      assert.equal(cleanText(line), line);
    }),
    { numRuns: 300 },
  );
});

test('layEnds() leaves the right side out when there is no room', () => {
  const paint = createPaint(false);
  assert.equal(layEnds(['left'], ['right'], 12, paint), 'left   right');
  assert.equal(layEnds(['left'], ['right'], 9, paint), 'left');
});

test('without colour only bold and inverse remain', () => {
  const plain = createPaint(false);
  assert.equal(plain('bad', 'x'), 'x');
  assert.equal(plain('inverse', 'x'), '\x1b[7mx\x1b[0m');
  assert.equal(createPaint(true)('bad', 'x'), '\x1b[31mx\x1b[0m');
});
