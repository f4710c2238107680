import type { Setting } from '../../src/settings/define.ts';
import { toKebab } from '../../src/settings/names.ts';
import { type SettingName, settingNames, table } from '../../src/settings/table.ts';
import { initOptions } from '../init-options.ts';

/** What a value can be completed from. */
export type Source =
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'files' | 'folders' | 'users' | 'groups' | 'nothing' };

export interface Flag {
  /** `-w`, `--workers` */
  forms: readonly string[];
  /** Understood, and not offered: other programs' names, and `--no-...`. */
  hidden: readonly string[];
  summary: string;
  /** Null for a flag without a value. */
  value: { metavar: string; source: Source } | null;
  many: boolean;
}

const sources: Readonly<Record<string, Source['kind']>> = {
  FILE: 'files',
  GLOB: 'files',
  DIR: 'folders',
  USER: 'users',
  'USER[:GROUP]': 'users',
  GROUP: 'groups',
};

const ofTheProgram: readonly Flag[] = [
  { forms: ['-h', '--help'], summary: 'Print a list of all options and exit' },
  { forms: ['-v', '--version'], summary: 'Print the version and exit' },
].map((flag) => ({ ...flag, hidden: [], value: null, many: false }));

/** Every option of `tsgun`, from the table of settings. */
export const flags: readonly Flag[] = [
  ...settingNames.filter((name) => name !== 'app').map(toFlag),
  ...ofTheProgram,
];

const [help] = ofTheProgram;

/** Every option of `tsgun init`. */
export const initFlags: readonly Flag[] = [
  ...initOptions.map(({ forms, metavar, summary }) => ({
    forms,
    hidden: [],
    summary,
    value: metavar === null ? null : { metavar, source: sourceOfInit(metavar) },
    many: forms.includes('--bind'),
  })),
  ...(help ? [help] : []),
];

function sourceOfInit(metavar: string): Source {
  if (metavar === 'PATH') return { kind: 'files' };
  return metavar === 'N' ? { kind: 'words', words: ['auto'] } : sourceOf(metavar, null);
}

function toFlag(name: SettingName): Flag {
  const { schema, short, aliases = [], summary }: Setting<unknown> = table[name];
  const { metavar, many } = schema;
  const long = `--${toKebab(name)}`;
  const isSwitch = metavar === null && !long.startsWith('--no-');
  return {
    forms: short === undefined ? [long] : [`-${short}`, long],
    hidden: [
      ...aliases.map((alias) => `--${alias}`),
      ...(isSwitch ? [`--no-${toKebab(name)}`] : []),
    ],
    summary,
    value: metavar === null ? null : { metavar, source: sourceOf(metavar, schema.json) },
    many,
  };
}

function sourceOf(metavar: string, json: unknown): Source {
  const words = choicesIn(json);
  if (words.length > 0) return { kind: 'words', words };
  const kind = sources[metavar];
  return kind === undefined || kind === 'words' ? { kind: 'nothing' } : { kind };
}

/** Also those of one entry of a list, and of one of several forms. */
function choicesIn(json: unknown): string[] {
  if (typeof json !== 'object' || json === null) return [];
  const own = 'enum' in json && Array.isArray(json.enum) ? json.enum.map(String) : [];
  const parts = 'anyOf' in json && Array.isArray(json.anyOf) ? json.anyOf.flatMap(choicesIn) : [];
  return [...own, ...parts, ...('items' in json ? choicesIn(json.items) : [])];
}
