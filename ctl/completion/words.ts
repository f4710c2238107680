import { methodNames } from '../../src/protocol/control/methods.ts';
import {
  globalOptions,
  longFlag,
  type Option,
  shortFlag,
} from '../../src/protocol/control/options.ts';
import { findVerb, verbNames } from '../../src/protocol/control/verb-list.ts';
import type { Argument, Verb } from '../../src/protocol/control/verbs.ts';

/** Where the words come from that can stand in one place. */
export type Source =
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'instances' | 'files' | 'slots' | 'settings' | 'verbs' | 'nothing' };

export interface Flag {
  /** `-o`, `--output` */
  forms: readonly string[];
  summary: string;
  /** Null for a flag without a value. */
  value: Source | null;
}

export interface Command {
  name: string;
  summary: string;
  flags: readonly Flag[];
  operands: readonly Source[];
}

/** All that the scripts know, from the tables. */
export const commands: readonly Command[] = [
  ...verbNames.flatMap((name) => findVerb(name) ?? []).map(toCommand),
  { name: 'help', summary: 'Print help', flags: [], operands: [{ kind: 'verbs' }] },
];

export const globalFlags: readonly Flag[] = globalOptions.map(toFlag);

/** All forms of flags that are followed by a value. */
export const valueFlags: readonly string[] = [
  ...new Set(
    [globalFlags, ...commands.map(({ flags }) => flags)]
      .flat()
      .flatMap(({ forms, value }) => (value === null ? [] : forms)),
  ),
];

/** Flags with the same values, in all verbs, once. */
export const sourcesOfFlags: ReadonlyMap<string, Source> = new Map(
  [globalFlags, ...commands.map(({ flags }) => flags)]
    .flat()
    .flatMap(({ forms, value }) =>
      value === null || value.kind === 'nothing' ? [] : [[forms.join('|'), value] as const],
    ),
);

/** A word that is to be gone on with: `generation=`. */
export const isOpen = (word: string): boolean => /[=:]$/.test(word);

function toCommand({ name, summary, options, arguments: all }: Verb): Command {
  return { name, summary, flags: options.map(toFlag), operands: all.map(sourceOfArgument) };
}

function toFlag(option: Option): Flag {
  const { flags, metavar, summary } = option;
  const short = shortFlag(flags);
  const long = longFlag(flags);
  return {
    forms: short === null ? [long] : [short, long],
    summary,
    value: metavar === null ? null : sourceOfFlag(long, option.choices),
  };
}

function sourceOfFlag(long: string, choices: readonly string[] | undefined): Source {
  if (long === '--instance') return { kind: 'instances' };
  if (long === '--socket') return { kind: 'files' };
  return choices ? { kind: 'words', words: choices } : { kind: 'nothing' };
}

function sourceOfArgument({ name, choices }: Argument): Source {
  if (choices) return { kind: 'words', words: choices };
  if (name === 'SLOT') return { kind: 'slots' };
  if (name === 'NAME') return { kind: 'settings' };
  return name === 'METHOD' ? { kind: 'words', words: methodNames } : { kind: 'nothing' };
}
