import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf, TsgunError } from '../core/errors.ts';
import { toSnake } from '../settings/names.ts';
import type { Given } from '../settings/resolve.ts';
import { table } from '../settings/table.ts';

const mostBytes = 1024 * 1024;

const scripts = new Set(['.js', '.mjs', '.ts', '.mts']);

/** Looked for in this order where nobody names a config file. */
const defaultNames = ['toml', 'json', 'js', 'mjs', 'ts', 'mts'].map((end) => `tsgun.conf.${end}`);

export const isScript = (file: string): boolean => scripts.has(path.extname(file));

export function findConfigFile(cwd: string): string | null {
  const found = defaultNames.map((name) => path.join(cwd, name)).find(exists);
  return found ?? null;
}

const exists = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/** The settings of a TOML or JSON file, each with its line. Throws TSGUN_E_SETTINGS. */
export async function readDataFile(file: string, shown: string): Promise<Given[]> {
  const text = readFileSync(file, 'utf8');
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
    fileless.has(toSnake(name)) ? [`${origin}: "${name}" is for the command line only`] : [],
  );

const fileless = new Set(
  Object.entries(table).flatMap(([name, entry]) =>
    'notIn' in entry && entry.notIn === 'config file' ? [toSnake(name)] : [],
  ),
);

/** As root, who can write this file can become root, so only root may. Throws TSGUN_E_SETTINGS. */
export function checkConfigFile(file: string, shown: string): void {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(file);
  } catch (error) {
    const why = messageOf(error).includes('ENOENT') ? 'no such file (ENOENT)' : messageOf(error);
    throw bad(`Cannot read the config file "${shown}": ${why}`);
  }
  if (!stat?.isFile()) throw bad(`Cannot read the config file "${shown}": it is no file`);
  if (stat.size > mostBytes) throw bad(`The config file "${shown}" is larger than 1 MiB`);
  if (process.getuid?.() !== 0) return;
  for (const place of [file, path.dirname(file)]) {
    const { mode, uid, gid } = statSync(place);
    const sticky = (mode & 0o1000) !== 0;
    const others = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);
    if (uid === 0 && (!others || sticky)) continue;
    throw bad(
      `Cannot trust the config file "${shown}" as root: "${place}" can be written by others than root`,
    );
  }
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
    const [, offset] = /position (\d+)/.exec(messageOf(error)) ?? [];
    const before = text.slice(0, offset === undefined ? text.length : Number(offset)).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    const reason = messageOf(error).split(/ in JSON| at position|, \.\.\./)[0];
    throw bad(`${shown}:${before.length}:${column}: ${reason}`);
  }
}

/** Where a name is set, for messages only, so a comment that looks alike does no harm. */
function findLine(text: string, name: string, toml: boolean): number | null {
  const escaped = name.replaceAll(/[^\w-]/g, '\\$&');
  const pattern = toml
    ? new RegExp(`^\\s*(?:\\[+\\s*)?["']?${escaped}["']?\\s*[=.\\]]`)
    : new RegExp(`"${escaped}"\\s*:`);
  const index = text.split('\n').findIndex((line) => pattern.test(line));
  return index < 0 ? null : index + 1;
}

export const bad = (message: string): TsgunError => new TsgunError('TSGUN_E_SETTINGS', message);
