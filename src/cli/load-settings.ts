import { statSync } from 'node:fs';
import path from 'node:path';
import type { Loaded } from '../arbiter/generation.ts';
import { ScriptConfig } from '../arbiter/script-config.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import { compileAccessFormat } from '../log/access-format.ts';
import { lookUpGroup } from '../process/privileges.ts';
import type { Spawn } from '../process/spawn.ts';
import { hookNames } from '../protocol/config-host.ts';
import type { Setting } from '../settings/define.ts';
import { findSetting, type Given, type Origins, resolveSettings } from '../settings/resolve.ts';
import { type Settings, settingNames, table } from '../settings/table.ts';
import { parseAddress } from '../sockets/address.ts';
import {
  bad,
  checkConfigFile,
  findConfigFile,
  isScript,
  misplaced,
  readDataFile,
  toGiven,
} from './config-file.ts';
import { parseCommandLine, splitWords } from './program.ts';

/** Where settings come from: how this program was called. */
export interface Sources {
  /** Given on the command line. */
  commandLine: readonly Given[];
  env: NodeJS.ProcessEnv;
  /** Of the caller; where the config file is looked for. */
  cwd: string;
  version: string;
  spawn: Spawn;
  clock: Clock;
}

/** Reads everything anew. All problems together are one TSGUN_E_SETTINGS. */
export async function loadSettings(sources: Sources): Promise<Loaded> {
  const { commandLine, env, version } = sources;
  const words = splitWords(env['TSGUN_CMD_ARGS'] ?? '');
  const extra = words.length === 0 ? [] : givenBy(words, version);
  const config = await readConfig([...extra, ...commandLine], sources);
  const { settings, origins, problems } = resolveSettings([
    fromEnvironment(env),
    config.given,
    extra,
    commandLine,
  ]);
  settings.config = config.path;
  const all = [...config.problems, ...problems, ...checkTogether(settings, origins, sources.cwd)];
  if (all.length === 0) return { settings, origins, script: config.script };
  config.script?.close();
  throw bad([...new Set(all)].join('\n'));
}

function givenBy(words: readonly string[], version: string): Given[] {
  const line = parseCommandLine(words, version, 'TSGUN_CMD_ARGS');
  return line.kind === 'settings' ? line.given : [];
}

function fromEnvironment(env: NodeJS.ProcessEnv): Given[] {
  return settingNames.flatMap((name): Given[] => {
    const { environment }: Setting<unknown> = table[name];
    const text = environment && env[environment.variable];
    if (text === undefined || text === '') return [];
    const raw = environment?.toText?.(text) ?? text;
    return [{ name, raw, kind: 'text', origin: `environment ${environment?.variable}` }];
  });
}

interface ConfigFile {
  given: Given[];
  problems: string[];
  path: string | null;
  script: ScriptConfig | null;
}

async function readConfig(given: readonly Given[], sources: Sources): Promise<ConfigFile> {
  const named = given.findLast(({ name }) => findSetting(name) === 'config')?.raw;
  const file =
    named === undefined ? findConfigFile(sources.cwd) : path.resolve(sources.cwd, String(named));
  if (file === null) return { given: [], problems: [], path: null, script: null };
  const shown = named === undefined ? path.basename(file) : String(named);
  checkConfigFile(file, shown);
  if (isScript(file)) return readScript(file, shown, sources);
  if (!/\.(?:toml|json)$/.test(file)) {
    throw bad(
      `Cannot read the config file "${shown}": its name has to end in .toml, .json, .js, .mjs, .ts or .mts`,
    );
  }
  const values = await readDataFile(file, shown);
  return { given: values, problems: misplaced(values), path: file, script: null };
}

async function readScript(file: string, shown: string, sources: Sources): Promise<ConfigFile> {
  const { clock, cwd, env, spawn } = sources;
  const script = await ScriptConfig.open({ path: file, cwd, env: definedOnly(env), spawn, clock });
  const given = toGiven(script.values, () => shown);
  const unknown = script.functions.filter((name) => !hookNames.includes(name));
  const problems = unknown.map((name) => {
    const meant = suggest(name, hookNames);
    return `${shown}: unknown hook "${name}"${meant === null ? '' : `, did you mean "${meant}"?`}`;
  });
  // Without hooks its process has nothing left to do.
  if (script.functions.length === 0) script.close();
  return {
    given,
    problems: [...problems, ...misplaced(given)],
    path: file,
    script: script.functions.length === 0 ? null : script,
  };
}

/** What no single setting can tell; makes paths absolute on the way. */
function checkTogether(settings: Settings, origins: Origins, cwd: string): string[] {
  const problems: string[] = [];
  const attempt = (name: keyof Settings, act: () => unknown) => {
    try {
      act();
    } catch (error) {
      problems.push(`${origins[name] ?? 'default'}: ${messageOf(error)}`);
    }
  };
  settings.chdir = path.resolve(cwd, settings.chdir);
  if (statSync(settings.chdir, { throwIfNoEntry: false })?.isDirectory() !== true) {
    problems.push(
      `${origins.chdir ?? 'default'}: Cannot change to "${settings.chdir}": no such folder`,
    );
  }
  makeAbsolute(settings);
  if (settings.app === null) {
    problems.push('No application given: name a file, a folder or file:export, see "tsgun --help"');
  }
  for (const address of settings.bind) attempt('bind', () => parseAddress(address, settings.chdir));
  for (const name of ['controlGroup', 'controlReadGroup'] as const) {
    const group = settings[name];
    if (group !== null) attempt(name, () => lookUpGroup(group));
  }
  attempt('accessLogFormat', () => compileAccessFormat(settings.accessLogFormat));
  return problems;
}

function makeAbsolute(settings: Settings): void {
  const absolute = (file: string) => path.resolve(settings.chdir, file);
  if (settings.pidfile !== null) settings.pidfile = absolute(settings.pidfile);
  if (settings.controlSocket !== null) settings.controlSocket = absolute(settings.controlSocket);
  if (settings.errorlog !== '-') settings.errorlog = absolute(settings.errorlog);
  if (settings.accesslog !== null && settings.accesslog !== '-') {
    settings.accesslog = absolute(settings.accesslog);
  }
  if (settings.node?.includes('/')) settings.node = absolute(settings.node);
  settings.reloadExtraFiles = settings.reloadExtraFiles.map(absolute);
}

export const definedOnly = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
