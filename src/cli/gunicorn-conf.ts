import { existsSync } from 'node:fs';
import path from 'node:path';
import { ScriptConfig } from '../arbiter/script-config.ts';
import { suggest } from '../core/suggest.ts';
import { findPython, pythonFolder } from '../process/python-interpreter.ts';
import { arbiterHooks, hookNames } from '../protocol/config-host.ts';
import { readGunicornValues } from '../settings/gunicorn-values.ts';
import { toSnake } from '../settings/names.ts';
import { findSetting, type Given } from '../settings/resolve.ts';
import type { SettingName } from '../settings/table.ts';
import {
  bad,
  type ConfigFile,
  checkConfigFile,
  findLine,
  isSafeToImportFrom,
  readText,
} from './config-file.ts';
import { type Sources, scriptEnvironment } from './sources.ts';

const defaultName = 'gunicorn.conf.py';
const modulePrefix = 'python:';

export const isGunicornConf = (named: string): boolean =>
  named.startsWith(modulePrefix) || named.endsWith('.py');

/** Gunicorn takes the one that lies beside the app; so do we, unless the app is one of Node. */
export function findGunicornConf(given: readonly Given[], { cwd }: Sources): string | null {
  const file = path.join(cwd, defaultName);
  return existsSync(file) && !namesNodeApp(given, cwd) ? file : null;
}

function namesNodeApp(given: readonly Given[], cwd: string): boolean {
  if (lastOf('workerClass', given) === 'node') return true;
  const app = lastOf('app', given)?.replace(/:[\w$]*$/, '');
  if (app === undefined) return false;
  const folder = path.resolve(cwd, lastOf('chdir', given) ?? '.', app);
  return /\.[cm]?[jt]s$/.test(app) || existsSync(path.join(folder, 'package.json'));
}

function lastOf(name: SettingName, given: readonly Given[]): string | undefined {
  const raw = given.findLast((one) => findSetting(one.name) === name)?.raw;
  return raw === undefined ? undefined : String(raw);
}

/** A `gunicorn.conf.py`, executed by Python in a process of its own. Throws TSGUN_E_SETTINGS. */
export async function readGunicornConf(
  named: string,
  given: readonly Given[],
  sources: Sources,
): Promise<ConfigFile> {
  const place = findPlace(named, sources.cwd);
  for (const file of place.files) checkConfigFile(file, place.shown);
  const script = await openScript(place, given, sources);
  const text = place.files.length === 1 ? readText(place.files[0] ?? '', place.shown) : '';
  const originOf = (name: string) => {
    const line = findLine(text, name, true);
    return line === null ? place.shown : `${place.shown}:${line}`;
  };
  const { values, functions } = script;
  const found = readGunicornValues({ values, originOf });
  // Without hooks of the arbiter its process has nothing left to do.
  if (!arbiterHooks.some((name) => functions.includes(name))) script.close();
  return {
    given: found.given,
    problems: [],
    warnings: [...found.warnings, ...functions.flatMap((name) => warnOfHook(name, originOf))],
    path: place.location,
    script,
  };
}

interface Place {
  /** What the host is told to load. */
  location: string;
  /** Whoever can write these decides what is run. */
  files: string[];
  shown: string;
  /** Where its imports are looked for first; empty is nowhere. */
  importFrom: string;
}

function findPlace(named: string, cwd: string): Place {
  if (!named.startsWith(modulePrefix)) {
    const file = path.resolve(cwd, named);
    const importFrom = [cwd, path.dirname(file)].find(isSafeToImportFrom) ?? '';
    return { location: file, files: [file], shown: path.relative(cwd, file), importFrom };
  }
  const parts = named.slice(modulePrefix.length).split('.');
  const files = parts.flatMap((_, index) => {
    const module = path.join(cwd, ...parts.slice(0, index + 1));
    return [`${module}.py`, path.join(module, '__init__.py')].filter((file) => existsSync(file));
  });
  if (files.length > 0 && !isSafeToImportFrom(cwd)) {
    throw bad(`Cannot trust "${named}" as root: "${cwd}" can be written by others than root`);
  }
  return { location: named, files, shown: named, importFrom: files.length > 0 ? cwd : '' };
}

/** Which Python is a question that must not wait for the file. */
function openScript(
  { location, importFrom }: Place,
  given: readonly Given[],
  { clock, cwd, env, spawn }: Sources,
): Promise<ScriptConfig> {
  const chdir = path.resolve(cwd, lastOf('chdir', given) ?? '.');
  const found = findPython({ python: lastOf('python', given) ?? null, chdir, env });
  if (!('file' in found)) {
    throw bad(`Cannot load "${location}": no Python is at ${found.lookedFor.join(', ')}`);
  }
  const args = ['-m', 'tsgun_python.config_host', cwd, importFrom, location];
  return ScriptConfig.open({
    path: location,
    cwd,
    env: scriptEnvironment(env),
    spawn,
    clock,
    host: { file: found.file, args, cwd: pythonFolder },
    importFrom,
  });
}

const lackingHooks: ReadonlySet<string> = new Set([
  'dirty_post_fork',
  'dirty_worker_exit',
  'dirty_worker_init',
  'on_dirty_starting',
  'ssl_context',
]);

/** Functions that are no hooks are the file's own, unless they were meant to be hooks. */
function warnOfHook(name: string, originOf: (name: string) => string): string[] {
  if (hookNames.includes(name)) return [];
  const snake = toSnake(name);
  if (lackingHooks.has(snake)) {
    return [`${originOf(snake)}: "${snake}" is a hook of Gunicorn that tsgun does not have`];
  }
  const meant = suggest(name, hookNames);
  return meant === null || Math.abs(meant.length - name.length) > 2
    ? []
    : [`${originOf(snake)}: "${snake}" is no hook, did you mean "${toSnake(meant)}"?`];
}
