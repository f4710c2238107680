import type { Parsed } from '../core/schema.ts';
import { suggest } from '../core/suggest.ts';
import type { Setting } from './define.ts';
import { isForeign } from './foreign.ts';
import { toCamel, toSnake } from './names.ts';
import { defaultSettings, type SettingName, type Settings, settingNames, table } from './table.ts';

/** One value that somebody gave. */
export interface Given {
  /** In any of the three spellings. */
  name: string;
  raw: unknown;
  /** Whether `raw` is text to be read, or a value that has its type already. */
  kind: 'text' | 'value';
  /** Where it comes from, for people: `--workers`, `tsgun.conf.toml:3`. */
  origin: string;
}

export type Origins = Partial<Record<SettingName, string>>;

export interface Resolved {
  settings: Settings;
  /** Of what does not have its default. */
  origins: Origins;
  /** Everything that is wrong, for people; the settings are good only without any. */
  problems: string[];
}

/** Lays sources over the defaults, later ones over earlier ones. */
export function resolveSettings(sources: readonly (readonly Given[])[]): Resolved {
  const resolved: Resolved = { settings: defaultSettings(), origins: {}, problems: [] };
  for (const source of sources) {
    const seen = new Set<SettingName>();
    for (const given of source) apply(resolved, given, seen);
  }
  return resolved;
}

function apply(resolved: Resolved, given: Given, seen: Set<SettingName>): void {
  const name = findSetting(given.name);
  if (!name) {
    const what = isTable(given.raw)
      ? `"${given.name}" is a table, but settings stand in none`
      : describeUnknown(given.name);
    resolved.problems.push(`${given.origin}: ${what}`);
    return;
  }
  const { schema, secret }: Setting<unknown> = table[name];
  const parsed = parse(name, given);
  if (!parsed.ok) {
    const wrong = secret ? 'what is there (secret)' : quote(given.raw);
    const what = `expected ${parsed.expected}, not ${wrong}`;
    resolved.problems.push(`${given.origin}: ${toSnake(name)}: ${what}`);
    return;
  }
  const again = schema.many && seen.has(name);
  const before = resolved.settings[name];
  const value =
    again && Array.isArray(before) && Array.isArray(parsed.value)
      ? [...before, ...parsed.value]
      : parsed.value;
  Object.assign(resolved.settings, { [name]: value });
  resolved.origins[name] = given.origin;
  seen.add(name);
}

function parse(name: SettingName, { kind, raw }: Given): Parsed<unknown> {
  const { schema, default: value }: Setting<unknown> = table[name];
  if (kind === 'text') return schema.fromText(String(raw));
  // What can be left out can be left out in words.
  return raw === null && value === null ? { ok: true, value: null } : schema.fromValue(raw);
}

export function findSetting(name: string): SettingName | undefined {
  const camel = toCamel(name);
  return settingNames.find((known) => known === camel);
}

export function describeUnknown(name: string): string {
  const snake = toSnake(name).replaceAll('-', '_');
  if (isForeign(snake)) return `"${name}" is a setting of Gunicorn, not supported by tsgun`;
  const meant = settingNames.find((known) => hasAlias(known, snake));
  const near = meant ? toSnake(meant) : suggest(snake, settingNames.map(toSnake));
  return `unknown setting "${name}"${near === null ? '' : `, did you mean "${near}"?`}`;
}

/** The names of flags are not those of settings: Gunicorn's `--pid` sets its `pidfile`. */
function hasAlias(name: SettingName, snake: string): boolean {
  const { aliases = [] }: Setting<unknown> = table[name];
  return aliases.some((alias) => alias.replaceAll('-', '_') === snake);
}

/** A table of TOML has no prototype, an object of JSON the usual one. */
const isTable = (raw: unknown): boolean =>
  typeof raw === 'object' &&
  raw !== null &&
  [null, Object.prototype].includes(Object.getPrototypeOf(raw));

function quote(raw: unknown): string {
  const text = typeof raw === 'function' ? 'a function' : (JSON.stringify(raw) ?? String(raw));
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
