import {
  globalOptions,
  longFlag,
  type Option,
  shortFlag,
} from '../../src/protocol/control/options.ts';

/** A command line in its parts; no value has been looked at yet. */
export interface RawLine {
  /** Null when none was given. */
  verb: string | null;
  operands: readonly string[];
  /** By long form: `--no-wait`. The last one counts. */
  flags: Readonly<Record<string, string | true>>;
}

/** The option that a word is, in one of its two forms and without a value joined to it. */
export const findOption = (word: string, options: readonly Option[]): Option | undefined =>
  options.find(({ flags }) => longFlag(flags) === word || shortFlag(flags) === word);

/** A value of `scale`, never a flag. */
export const isSignedNumber = (word: string): boolean => /^[+-]\d+$/.test(word);

/** `config show`, as other programs have it. */
export const configVerbs: Readonly<Record<string, string>> = {
  show: 'config',
  check: 'config-check',
  diff: 'config-diff',
};

/** Where the verb stands, or -1. */
export function findVerbIndex(words: readonly string[]): number {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') return index + 1 < words.length ? index + 1 : -1;
    if (!word.startsWith('-') || word === '-') return index;
    if (takesNextWord(word)) index += 1;
  }
  return -1;
}

/** `--output` and the group `-vo` do; `-ojson` and `--output=json` bring their value along. */
function takesNextWord(word: string): boolean {
  const forms = word.startsWith('--')
    ? [word]
    : Array.from(word.slice(1), (letter) => `-${letter}`);
  const place = forms.findIndex((form) => {
    const option = findOption(form, globalOptions);
    return option === undefined || option.metavar !== null;
  });
  return place === forms.length - 1 && findOption(forms[place] ?? '', globalOptions) !== undefined;
}
