import path from 'node:path';
import { ScriptConfig } from '../arbiter/script-config.ts';
import { suggest } from '../core/suggest.ts';
import { hookNames } from '../protocol/config-host.ts';
import { findSetting, type Given } from '../settings/resolve.ts';
import {
  bad,
  type ConfigFile,
  checkConfigFile,
  findConfigFile,
  isScript,
  misplaced,
  readDataFile,
  toGiven,
} from './config-file.ts';
import { findGunicornConf, isGunicornConf, readGunicornConf } from './gunicorn-conf.ts';
import { type Sources, scriptEnvironment } from './sources.ts';

const nothing = { given: [], problems: [], warnings: [], path: null, script: null };

/** The config file that is named in what was given, or else the one that is there. */
export async function readConfig(given: readonly Given[], sources: Sources): Promise<ConfigFile> {
  const raw = given.findLast(({ name }) => findSetting(name) === 'config')?.raw;
  const named = raw === undefined ? null : String(raw).replace(/^file:/, '');
  const found = named ?? findConfigFile(sources.cwd) ?? findGunicornConf(given, sources);
  if (found === null) return nothing;
  if (isGunicornConf(found)) return readGunicornConf(found, given, sources);
  const file = path.resolve(sources.cwd, found);
  const shown = named ?? path.basename(file);
  checkConfigFile(file, shown);
  if (isScript(file)) return readScript(file, shown, sources);
  if (!/\.(?:toml|json)$/.test(file)) {
    throw bad(
      `Cannot read the config file "${shown}": its name has to end in .toml, .json, .js, .mjs, .ts, .mts or .py`,
    );
  }
  const values = await readDataFile(file, shown);
  return { ...nothing, given: values, problems: misplaced(values), path: file };
}

async function readScript(file: string, shown: string, sources: Sources): Promise<ConfigFile> {
  const { clock, cwd, env, spawn } = sources;
  const script = await ScriptConfig.open({
    path: file,
    cwd,
    env: scriptEnvironment(env),
    spawn,
    clock,
  });
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
    warnings: [],
    path: file,
    script: script.functions.length === 0 ? null : script,
  };
}
