/** A flag of `tsgunctl`, as help, completion and manual show it. */
export interface Option {
  /** `-f, --follow`: an optional letter, then the long form, without the value. */
  flags: string;
  /** What stands for the value; null when it takes none. */
  metavar: string | null;
  summary: string;
  /** All values it takes, where they can be told. */
  choices?: readonly string[];
}

export const outputFormats = ['table', 'json', 'jsonl', 'value'] as const;
export const colorChoices = ['auto', 'always', 'never'] as const;

/** Understood before and after every verb. */
export const globalOptions = [
  {
    flags: '-i, --instance',
    metavar: 'NAME',
    summary: 'The instance of this name',
  },
  {
    flags: '-s, --socket',
    metavar: 'PATH',
    summary: 'The instance that listens on this control socket',
  },
  {
    flags: '-o, --output',
    metavar: 'FORMAT',
    summary: 'How the result is written: table, json, jsonl or value',
    choices: outputFormats,
  },
  {
    flags: '--field',
    metavar: 'A.B',
    summary: 'With -o value: only this field of the result',
  },
  {
    flags: '--fields',
    metavar: 'A,B',
    summary: 'Only these columns of a table',
  },
  { flags: '--no-header', metavar: null, summary: 'Tables without the line of headings' },
  {
    flags: '--timeout',
    metavar: 'DURATION',
    summary: 'Wait no longer for the outcome; the operation goes on, exit code 5',
  },
  {
    flags: '--no-wait',
    metavar: null,
    summary: 'Print the id of the operation once it is accepted, and do not wait for its end',
  },
  { flags: '-v, --verbose', metavar: null, summary: 'Print the progress of operations as lines' },
  {
    flags: '--color',
    metavar: 'WHEN',
    summary: 'Use colours: auto (only on a terminal), always or never',
    choices: colorChoices,
  },
  { flags: '-h, --help', metavar: null, summary: 'Print help, of the verb if there is one' },
  { flags: '-V, --version', metavar: null, summary: 'Print the version of tsgunctl' },
] as const satisfies readonly Option[];

/** `--no-wait` of `--no-wait`, `--follow` of `-f, --follow`. */
export const longFlag = (flags: string): string => flags.split(', ').at(-1) ?? flags;

/** `-f` of `-f, --follow`. */
export const shortFlag = (flags: string): string | null =>
  flags.startsWith('--') ? null : (flags.split(', ')[0] ?? null);
