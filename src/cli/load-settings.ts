import { statSync } from 'node:fs';
import path from 'node:path';
import { findLanguage } from '../arbiter/app-language.ts';
import type { Loaded } from '../arbiter/generation.ts';
import { describeCause, messageOf } from '../core/errors.ts';
import { compileAccessFormat } from '../log/access-format.ts';
import { lookUpGroup } from '../process/privileges.ts';
import { findPython } from '../process/python-interpreter.ts';
import type { Setting } from '../settings/define.ts';
import { asGunicornSettings } from '../settings/gunicorn-view.ts';
import { type Given, type Origins, resolveSettings } from '../settings/resolve.ts';
import { type Settings, settingNames, table } from '../settings/table.ts';
import { parseAddress } from '../sockets/address.ts';
import { bad } from './config-file.ts';
import { parseCommandLine, splitWords } from './program.ts';
import { readConfig } from './read-config.ts';
import type { Sources } from './sources.ts';

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
  const runner = findRunner(settings, env, all);
  if (all.length === 0) {
    config.script?.learn(asGunicornSettings(settings));
    const warnings = [...config.warnings, ...warnOfEnvironment(runner, env)];
    return { settings, origins, ...runner, script: config.script, warnings };
  }
  config.script?.close();
  throw bad([...new Set(all)].join('\n'));
}

/** People who come from Gunicorn would miss it. */
const warnOfEnvironment = ({ language }: Runner, env: NodeJS.ProcessEnv): string[] =>
  language === 'python' && env['GUNICORN_CMD_ARGS'] && !env['TSGUN_CMD_ARGS']
    ? ['GUNICORN_CMD_ARGS is for Gunicorn: tsgun reads TSGUN_CMD_ARGS']
    : [];

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
  attempt('chdir', () => checkFolder(settings.chdir));
  makeAbsolute(settings);
  if (settings.app === null) {
    problems.push(
      'No application given: name a file, a folder, file:export or module:name, see "tsgun --help"',
    );
  }
  for (const address of settings.bind) attempt('bind', () => parseAddress(address, settings.chdir));
  for (const name of ['controlGroup', 'controlReadGroup'] as const) {
    const group = settings[name];
    if (group !== null) attempt(name, () => lookUpGroup(group));
  }
  attempt('accessLogFormat', () => compileAccessFormat(settings.accessLogFormat));
  return problems;
}

/** A service finds out here that its user cannot enter the home folder that the app is in. */
function checkFolder(folder: string): void {
  let reason = 'no such folder';
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  } catch (error) {
    reason = describeCause(error);
  }
  throw new Error(`Cannot change to "${folder}": ${reason}`);
}

type Runner = Pick<Loaded, 'language' | 'python'>;

/** Node.js or Python, and then which; what is wrong with it is added to `problems`. */
function findRunner(settings: Settings, env: NodeJS.ProcessEnv, problems: string[]): Runner {
  const runner: Runner = { language: 'node', python: null };
  const { app, chdir, python } = settings;
  if (app === null) return runner;
  try {
    const found = findLanguage({ ...settings, app });
    settings.app = found.app;
    runner.language = found.language;
  } catch (error) {
    problems.push(messageOf(error));
  }
  if (runner.language === 'node') return runner;
  const found = findPython({ python, chdir, env });
  if ('file' in found) runner.python = found.file;
  else problems.push(`Cannot run "${settings.app}": no Python is at ${found.lookedFor.join(', ')}`);
  return runner;
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
  settings.pythonpath = settings.pythonpath.map(absolute);
  settings.static = settings.static.map((entry) => {
    const [prefix = '', folder = ''] = entry.split(/=(.*)/s, 2);
    return `${prefix}=${absolute(folder)}`;
  });
  if (settings.tmpUploadDir !== null) settings.tmpUploadDir = absolute(settings.tmpUploadDir);
}
