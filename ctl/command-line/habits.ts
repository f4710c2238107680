import { verbAliases } from '../../src/protocol/control/verbs.ts';
import { configVerbs, findVerbIndex } from './raw-line.ts';

/** Words of other programs, turned into our own: `ls`, `incr 2`, `config diff`. */
export function translateHabits(words: readonly string[]): readonly string[] {
  const index = findVerbIndex(words);
  const word = words[index];
  if (word === undefined) return words;
  const before = words.slice(0, index);
  const after = words.slice(index + 1);
  if (word === 'config') {
    const verb = Object.hasOwn(configVerbs, after[0] ?? '') && configVerbs[after[0] ?? ''];
    return verb ? [...before, verb, ...after.slice(1)] : words;
  }
  if (!Object.hasOwn(verbAliases, word)) return words;
  const verb = verbAliases[word] ?? word;
  const sign = word === 'incr' ? '+' : word === 'decr' ? '-' : null;
  return [...before, verb, ...(sign === null ? after : addSign(after, sign))];
}

/** The number, or 1 where there is none, behind a sign. */
function addSign(words: readonly string[], sign: string): string[] {
  const place = words.findIndex((word) => /^\d+$/.test(word));
  if (place >= 0) return words.with(place, sign + words[place]);
  return [`${sign}1`, ...words];
}
