import { suggest } from '../../src/core/suggest.ts';
import { findVerb, verbNames } from '../../src/protocol/control/verb-list.ts';
import { usageError } from './globals.ts';
import { translateHabits } from './habits.ts';
import { type Reading, readWithCommander, renderHelp } from './program.ts';
import { findVerbIndex } from './raw-line.ts';
import { readPlain } from './read-plain.ts';

/** Reads a command line in all its forms. Throws TSGUN_E_USAGE. */
export function readLine(given: readonly string[]): Reading {
  const words = translateHabits(given);
  const plain = readPlain(words);
  if (plain !== null) return { kind: 'line', line: plain };
  const index = findVerbIndex(words);
  const word = words[index];
  const verb = word === undefined ? undefined : findVerb(word);
  if (word !== undefined && word !== 'help' && verb === undefined) {
    // It may as well be the value of an unknown flag, and then that is what is wrong.
    readWithCommander(words.slice(0, index), undefined);
    throw unknownVerb(word);
  }
  return word === 'help' ? readHelp(words) : readWithCommander(words, verb);
}

/** `help reload` */
function readHelp(words: readonly string[]): Reading {
  const topic = translateHabits(words.slice(words.indexOf('help') + 1));
  const name = topic.find((word) => !word.startsWith('-'));
  if (name === undefined) return { kind: 'help', text: renderHelp() };
  const verb = findVerb(name);
  if (verb === undefined) throw unknownVerb(name);
  return readWithCommander([name, '--help'], verb);
}

function unknownVerb(word: string): Error {
  // Starting is the business of the service manager, to which the control socket is not there yet.
  if (word === 'start' || word === 'restart')
    return usageError(`unknown verb "${word}": that is "systemctl ${word} tsgun@NAME"`);
  const meant = suggest(word, verbNames);
  const hint = meant === null ? 'see "tsgunctl --help"' : `did you mean "${meant}"?`;
  return usageError(`unknown verb ${JSON.stringify(word)}, ${hint}`);
}
