import { globalOptions, longFlag, type Option } from '../../src/protocol/control/options.ts';
import { findVerb } from '../../src/protocol/control/verb-list.ts';
import type { Argument } from '../../src/protocol/control/verbs.ts';
import {
  configVerbs,
  findOption,
  findVerbIndex,
  isSignedNumber,
  type RawLine,
} from './raw-line.ts';

/**
 * Reads a command line in its plainest form: known words, each flag and each value a word of its
 * own. Null means that it has to be read with commander, which knows all the other forms and says
 * what is wrong, but takes longer to load than all the rest.
 */
export function readPlain(words: readonly string[]): RawLine | null {
  const index = findVerbIndex(words);
  const verb = findVerb(words[index] ?? '');
  if (index >= 0 && verb === undefined) return null;
  const before = readWords(index < 0 ? words : words.slice(0, index), globalOptions);
  const after = readWords(index < 0 ? [] : words.slice(index + 1), [
    ...globalOptions,
    ...(verb?.options ?? []),
  ]);
  if (before === null || before.operands.length > 0) return null;
  if (after === null || !fits(after.operands, verb?.arguments ?? [])) {
    return null;
  }
  if (verb?.name === 'config' && Object.hasOwn(configVerbs, after.operands[0] ?? '')) return null;
  const flags = { ...before.flags, ...after.flags };
  return { verb: verb?.name ?? null, operands: after.operands, flags };
}

function readWords(
  words: readonly string[],
  options: readonly Option[],
): Omit<RawLine, 'verb'> | null {
  const flags: Record<string, string | true> = {};
  const operands: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('-') || word === '-' || isSignedNumber(word)) {
      operands.push(word);
      continue;
    }
    const option = findOption(word, options);
    if (option === undefined || option.flags.includes('--help')) return null;
    if (option.metavar !== null) index += 1;
    const value = option.metavar === null ? true : words[index];
    if (value === undefined) return null;
    flags[longFlag(option.flags)] = value;
  }
  return { operands, flags };
}

const fits = (operands: readonly string[], all: readonly Argument[]): boolean =>
  operands.length <= all.length && operands.length >= all.filter(({ required }) => required).length;
