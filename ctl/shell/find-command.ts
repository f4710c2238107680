import { verbNames } from '../../src/protocol/control/verb-list.ts';
import { verbAliases } from '../../src/protocol/control/verbs.ts';
import { findVerbIndex } from '../command-line/raw-line.ts';

/** What one line of the shell asks for. */
export type Command =
  | { kind: 'nothing' }
  | { kind: 'exit' }
  | { kind: 'run'; words: readonly string[] }
  | { kind: 'mistake'; message: string };

/** Verbs that can be typed here, with those of the shell itself. */
export const shellVerbs: readonly string[] = [
  ...verbNames.filter((name) => name !== 'shell'),
  'help',
  'exit',
];

const asksForText = new Set(['-h', '--help', '-V', '--version']);

/** Understands abbreviated verbs, `?`, `help` and `exit`. */
export function findCommand(words: readonly string[]): Command {
  if (words.length === 0) return { kind: 'nothing' };
  if (words.length > 1 && words.at(-1) === '?') return findCommand(['help', ...words.slice(0, -1)]);
  const index = findVerbIndex(words);
  const typed = words[index];
  if (typed === undefined) {
    return words.some((word) => asksForText.has(word))
      ? { kind: 'run', words }
      : { kind: 'mistake', message: 'a verb is missing' };
  }
  const verb = findVerb(typed === '?' ? 'help' : typed);
  if (typeof verb !== 'string') return { kind: 'mistake', message: describe(typed, verb) };
  return findVerbCommand(verb, words.slice(0, index), words.slice(index + 1));
}

function findVerbCommand(
  verb: string,
  before: readonly string[],
  after: readonly string[],
): Command {
  switch (verb) {
    case 'exit':
      return { kind: 'exit' };
    case 'quit': {
      const message = '"quit" would stop the instance; type "exit" to leave, "stop" to stop it';
      return { kind: 'mistake', message };
    }
    case 'shell':
      return { kind: 'mistake', message: 'this is the shell' };
    case 'help':
      return { kind: 'run', words: ['help', ...after.map(nameOf)] };
    default:
      return { kind: 'run', words: [...before, verb, ...after] };
  }
}

/** Several when it could be any of them; unknown words stay, and are reported when they are run. */
function findVerb(typed: string): string | readonly string[] {
  if (shellVerbs.includes(typed) || Object.hasOwn(verbAliases, typed)) return typed;
  const meant = shellVerbs.filter((verb) => verb.startsWith(typed));
  return meant.length > 1 ? meant : (meant[0] ?? typed);
}

const nameOf = (typed: string): string => {
  const verb = findVerb(typed);
  return typeof verb === 'string' ? verb : typed;
};

const describe = (typed: string, candidates: readonly string[]): string =>
  `${JSON.stringify(typed)} can be ${candidates.join(', ')}`;
