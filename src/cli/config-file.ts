import { readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { ScriptConfig } from '../arbiter/script-config.ts';
import { describeCause, errnoOf, messageOf, TsgunError } from '../core/errors.ts';
import { toCamel } from '../settings/names.ts';
import type { Given } from '../settings/resolve.ts';
import { table } from '../settings/table.ts';

const mostBytes = 1024 * 1024;

const scripts = new Set(['.js', '.mjs', '.ts', '.mts']);

/** Looked for in this order where nobody names a config file. */
export const defaultNames = ['toml', 'json', 'js', 'mjs', 'ts', 'mts'].map(
  (end) => `tsgun.conf.${end}`,
);

/** What a config file of any kind comes to. */
export interface ConfigFile {
  given: Given[];
  problems: string[];
  /** What is to be said of it, though it is good. */
  warnings: string[];
  path: string | null;
  script: ScriptConfig | null;
}

export const isScript = (file: string): boolean => scripts.has(path.extname(file));

export function findConfigFile(cwd: string): string | null {
  const found = defaultNames.map((name) => path.join(cwd, name)).find(exists);
  return found ?? null;
}

/** In a folder that we may not enter there is nothing for us. */
function exists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    throw cannotRead(file, error);
  }
}

/** The settings of a TOML or JSON file, each with its line. Throws TSGUN_E_SETTINGS. */
export async function readDataFile(file: string, shown: string): Promise<Given[]> {
  const text = readText(file, shown);
  const toml = path.extname(file) === '.toml';
  const values = toml ? await parseToml(text, shown) : parseJson(text, shown);
  return toGiven(values, (name) => {
    const line = findLine(text, name, toml);
    return line === null ? shown : `${shown}:${line}`;
  });
}

/** What a config file gives; nesting is no setting. Throws TSGUN_E_SETTINGS. */
export function toGiven(values: unknown, originOf: (name: string) => string): Given[] {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw bad(`${originOf('')}: expected settings by name`);
  }
  return Object.entries(values).map(([name, raw]) => ({
    name,
    raw,
    kind: 'value',
    origin: originOf(name),
  }));
}

/** Names that make no sense in a file, for people. */
export const misplaced = (given: readonly Given[]): string[] =>
  given.flatMap(({ name, origin }) =>
    fileless.has(toCamel(name)) ? [`${origin}: "${name}" is for the command line only`] : [],
  );

const fileless = new Set(
  Object.entries(table).flatMap(([name, entry]) =>
    'notIn' in entry && entry.notIn === 'config file' ? [name] : [],
  ),
);

/** As root, who can write this file can become root, so only root may. Throws TSGUN_E_SETTINGS. */
export function checkConfigFile(file: string, shown: string): void {
  const stat = attempt(shown, () => statSync(file));
  if (!stat.isFile()) throw bad(`Cannot read the config file "${shown}": it is no file`);
  if (stat.size > mostBytes) throw bad(`The config file "${shown}" is larger than 1 MiB`);
  if (process.getuid?.() !== 0) return;
  const real = realpathSync(file);
  for (const place of new Set([file, path.dirname(file), path.dirname(real)])) {
    if (onlyRootWrites(statSync(place))) continue;
    throw bad(
      `Cannot trust the config file "${shown}" as root: "${place}" can be written by others than root`,
    );
  }
}

/** Whether nobody else could lay a module there that we would run as root. */
export function isSafeToImportFrom(folder: string): boolean {
  if (process.getuid?.() !== 0) return true;
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat !== undefined && stat.uid === 0 && !othersWrite(stat);
}

const othersWrite = ({ mode, gid }: Stats): boolean =>
  (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);

function onlyRootWrites(stat: Stats): boolean {
  // In a folder like /tmp nobody can replace what is another's.
  const sticky = stat.isDirectory() && (stat.mode & 0o1000) !== 0;
  return stat.uid === 0 && (!othersWrite(stat) || sticky);
}

export const readText = (file: string, shown: string): string =>
  attempt(shown, () => readFileSync(file, 'utf8'));

function attempt<T>(shown: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw cannotRead(shown, error);
  }
}

function cannotRead(shown: string, cause: unknown): TsgunError {
  const why = describeCause(cause).replace('file or directory', 'file');
  return bad(`Cannot read the config file "${shown}": ${why}`);
}

async function parseToml(text: string, shown: string): Promise<unknown> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.replace(/^Invalid TOML document: /, '').split('\n')[0];
    throw bad(`${shown}:${error.line}:${error.column}: ${reason}`);
  }
}

function parseJson(text: string, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const before = text.slice(0, findMistake(text, messageOf(error))).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    const reason = /^(?:Unexpected token '.'|.*?(?= in JSON| after JSON| JSON input|$))/su.exec(
      messageOf(error),
    );
    throw bad(`${shown}:${before.length}:${column}: ${reason?.[0]}`);
  }
}

/** V8 tells no place for a token, so it is where the shortest beginning ends that has the same. */
function findMistake(text: string, message: string): number {
  const [, position] = /at position (\d+)/.exec(message) ?? [];
  if (position !== undefined) return Number(position);
  if (!message.startsWith('Unexpected token')) return text.length;
  let [good, wrong] = [0, text.length];
  while (wrong - good > 1) {
    const middle = (good + wrong) >> 1;
    if (hasBadToken(text.slice(0, middle))) wrong = middle;
    else good = middle;
  }
  return good;
}

function hasBadToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return messageOf(error).startsWith('Unexpected token');
  }
}

/** Where a name is set last, for messages only, so a comment that looks alike does no harm. */
export function findLine(text: string, name: string, toml: boolean): number | null {
  const escaped = name.replaceAll(/[^\w-]/g, '\\$&');
  const pattern = toml
    ? new RegExp(`^\\s*(?:\\[+\\s*)?["']?${escaped}["']?\\s*[=.\\]]`)
    : new RegExp(`"${escaped}"\\s*:`);
  const index = text.split('\n').findLastIndex((line) => pattern.test(line));
  return index < 0 ? null : index + 1;
}

export const bad = (message: string): TsgunError => new TsgunError('TSGUN_E_SETTINGS', message);
