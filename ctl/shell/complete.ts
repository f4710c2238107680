import { methodNames } from '../../src/protocol/control/methods.ts';
import { globalOptions, longFlag, type Option } from '../../src/protocol/control/options.ts';
import { findVerb } from '../../src/protocol/control/verb-list.ts';
import { type Verb, verbAliases } from '../../src/protocol/control/verbs.ts';
import { findOption, findVerbIndex } from '../command-line/raw-line.ts';
import { findCommand, shellVerbs } from './find-command.ts';
import { splitWords } from './split-words.ts';

/** What only the instance can tell; empty where it does not. */
export interface LiveWords {
  slots(): Promise<readonly string[]>;
  settings(): Promise<readonly string[]>;
  operations(): Promise<readonly string[]>;
}

/** What the last word of a line, up to the cursor, can become; whole words, and the part that is typed. */
export async function complete(line: string, live: LiveWords): Promise<[string[], string]> {
  const { words, open } = splitWords(line);
  if (open !== null) return [[], line];
  const typed = line === '' || /\s$/.test(line) ? '' : (words.pop() ?? '');
  // Behind a closing quote nothing can be added.
  if (!line.endsWith(typed)) return [[], line];
  const all = await findCandidates(words, typed, live);
  const fitting = [...new Set(all)].filter((word) => word.startsWith(typed));
  const [only] = fitting;
  return [fitting.length === 1 && only !== undefined ? [finish(only)] : fitting, typed];
}

/** What is whole is followed by the next word. */
const finish = (word: string): string => (/[=:]$/.test(word) ? word : `${word} `);

async function findCandidates(
  before: readonly string[],
  typed: string,
  live: LiveWords,
): Promise<readonly string[]> {
  const index = findVerbIndex(before);
  const verb = verbAt(before, index);
  const options = [...globalOptions, ...(verb?.options ?? [])];
  const taking = before.length > 0 ? optionAwaiting(before.at(-1) ?? '', options) : undefined;
  if (taking) return taking.choices ?? [];
  if (typed.startsWith('-')) return options.map(({ flags }) => longFlag(flags));
  if (index < 0) return shellVerbs;
  if (before[index] === 'help' || before[index] === '?') return shellVerbs;
  return verb ? findOperands(verb, countOperands(before.slice(index + 1), options), live) : [];
}

function verbAt(words: readonly string[], index: number): Verb | undefined {
  const word = words[index];
  if (word === undefined) return undefined;
  const command = findCommand([verbAliases[word] ?? word]);
  return command.kind === 'run' ? findVerb(command.words[0] ?? '') : undefined;
}

const optionAwaiting = (word: string, options: readonly Option[]): Option | undefined => {
  const option = findOption(word, options);
  return option && option.metavar !== null ? option : undefined;
};

/** Words that are neither flags nor their values. */
function countOperands(words: readonly string[], options: readonly Option[]): number {
  let count = 0;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (optionAwaiting(word, options)) index += 1;
    else if (!word.startsWith('-')) count += 1;
  }
  return count;
}

async function findOperands(
  verb: Verb,
  place: number,
  live: LiveWords,
): Promise<readonly string[]> {
  const argument = verb.arguments[place];
  switch (argument?.name) {
    case 'SLOT':
      return live.slots();
    case 'NAME':
      return live.settings();
    case 'METHOD':
      return methodNames;
    case 'CONDITION':
      return [...(argument.choices ?? []), ...(await live.operations())];
    default:
      return argument?.choices ?? [];
  }
}
