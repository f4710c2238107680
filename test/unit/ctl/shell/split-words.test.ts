import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitWords } from '../../../../ctl/shell/split-words.ts';

const wordsOf = (line: string): string[] => {
  const { words, open } = splitWords(line);
  assert.equal(open, null);
  return words;
};

test('splitWords() parts words by blanks', () => {
  assert.deepEqual(wordsOf('  scale \t +2  '), ['scale', '+2']);
  assert.deepEqual(wordsOf(''), []);
  assert.deepEqual(wordsOf(' '), []);
});

test('splitWords() keeps quoted words together', () => {
  assert.deepEqual(wordsOf(`--reason "deploy 12" 'it''s'`), ['--reason', 'deploy 12', 'its']);
  assert.deepEqual(wordsOf(`a"b c"d'e f'g`), ['ab cde fg']);
  assert.deepEqual(wordsOf(`"" ''`), ['', '']);
  assert.deepEqual(wordsOf(String.raw`a\ b \"c\" \\`), ['a b', '"c"', '\\']);
  assert.deepEqual(wordsOf(String.raw`"a\"b\\c\n" 'a\b'`), ['a"b\\c\\n', 'a\\b']);
});

test('splitWords() expands nothing', () => {
  const line = '$HOME ~ * `id` $(id) {a,b} a;b a|b a>b #c !d';
  assert.deepEqual(wordsOf(line), line.split(' '));
});

test('splitWords() says what is not closed, with the word so far', () => {
  assert.deepEqual(splitWords('a "b c'), { words: ['a', 'b c'], open: '"' });
  assert.deepEqual(splitWords("x'y"), { words: ['xy'], open: "'" });
  assert.deepEqual(splitWords('a\\'), { words: ['a'], open: '\\' });
  assert.deepEqual(splitWords(String.raw`"a\"`), { words: ['a\\"'], open: '"' });
});

test('splitWords() gives back whatever was quoted', () => {
  const quote = (word: string) => `"${word.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
      assert.deepEqual(wordsOf(words.map(quote).join(' ')), words);
    }),
  );
});

test('splitWords() ends for every line, however long', () => {
  assert.equal(splitWords(`"${'\\'.repeat(100_000)}`).open, '"');
  assert.equal(wordsOf('a '.repeat(100_000)).length, 100_000);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (line) => void splitWords(line)));
});
