import type { Setting } from '../src/settings/define.ts';
import { describeValue } from '../src/settings/describe-value.ts';
import { toKebab, toSnake } from '../src/settings/names.ts';
import { type SettingName, sections, settingNames, table } from '../src/settings/table.ts';

const entry = (name: SettingName): Setting<unknown> => table[name];

/** `## Workers` and an item for each of its settings. */
export const listFlags = (): string => listSections((name) => (name === 'app' ? [] : [flag(name)]));

/** As they are written in a config file. */
export const listFileSettings = (): string =>
  listSections((name) => (entry(name).notIn === 'config file' ? [] : [fileSetting(name)]));

/** What a config file may not say. */
export const listFileless = (): string =>
  settingNames
    .filter((name) => entry(name).notIn === 'config file')
    .map((name) => `\`${toSnake(name)}\``)
    .join(', ');

/** Variables of the environment that stand for settings. */
export const listVariables = (): string =>
  settingNames
    .flatMap((name) => {
      const { environment } = entry(name);
      if (environment === undefined) return [];
      const example = environment.toText?.('8080');
      const how = example === undefined ? '' : `; 8080 stands for \`${example}\``;
      return [`\`${environment.variable}\`\n:   Sets \`${toSnake(name)}\`${how}.`];
    })
    .join('\n\n');

function listSections(list: (name: SettingName) => string[]): string {
  const parts = Object.entries(sections).map(([title, settings]) => {
    const items = (Object.keys(settings) as SettingName[]).flatMap(list);
    return [`## ${title}`, ...items].join('\n\n');
  });
  return parts.join('\n\n');
}

function flag(name: SettingName): string {
  const { schema, short, aliases = [], environment } = entry(name);
  const value = schema.metavar === null ? '' : ` *${schema.metavar}*`;
  const flags = [...(short === undefined ? [] : [`-${short}`]), `--${toKebab(name)}`];
  const term = flags.map((one) => `\`${one}\`${value}`).join(', ');
  const more = [
    ...facts(name),
    ...(canBeOff(name) ? [`\`--no-${toKebab(name)}\` switches it off`] : []),
    ...(environment === undefined ? [] : [`environment: \`${environment.variable}\``]),
    ...(aliases.length === 0 ? [] : [`also ${aliases.map((one) => `\`--${one}\``).join(', ')}`]),
  ];
  return `${term}\n:   ${describe(name)}\n\n:   ${more.join('; ')}.`;
}

function fileSetting(name: SettingName): string {
  const { schema } = entry(name);
  const parsed = schema.fromValue(Symbol(name));
  const takes = parsed.ok || schema.json['type'] === 'string' ? '' : `Takes ${parsed.expected}. `;
  const term = `\`${toSnake(name)}\` = ${sample(name)}`;
  return `${term}\n:   ${describe(name)}\n\n:   ${takes}${facts(name).join('; ')}.`;
}

function facts(name: SettingName): string[] {
  const { notIn, onReload } = entry(name);
  if (notIn === 'config file') return ['Only on the command line'];
  return [`Default: ${describeDefault(name)}`, `on reload: *${onReload}*`];
}

const canBeOff = (name: SettingName): boolean =>
  entry(name).schema.metavar === null && entry(name).notIn === undefined && !/^no[A-Z]/.test(name);

function describe(name: SettingName): string {
  const { summary, description } = entry(name);
  return [summary, description]
    .flatMap((text) => (text === undefined ? [] : [endSentence(text)]))
    .join(' ');
}

export const endSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** `*SECONDS*`, or a list of them. */
function sample(name: SettingName): string {
  const { metavar, many } = entry(name).schema;
  const one = metavar === null ? '*true|false*' : `*${metavar}*`;
  return many ? `[${one}, ...]` : one;
}

/** As one would write it, with its unit. */
export function describeDefault(name: SettingName): string {
  const { default: value, schema } = entry(name);
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (value === '') return 'empty';
  if (typeof value !== 'number') return `\`${describeValue(value).replaceAll(',', ', ')}\``;
  if (schema.metavar === 'MODE') return `\`${value.toString(8).padStart(3, '0')}\``;
  return schema.metavar === 'SECONDS' && value > 0 ? `${value} s` : String(value);
}
