import { existsSync } from 'node:fs';
import path from 'node:path';
import { findLanguage } from '../../arbiter/app-language.ts';
import { exitCodes, messageOf, TsgunError } from '../../core/errors.ts';
import { parseAddress } from '../../sockets/address.ts';
import { loadSettings } from '../load-settings.ts';
import type { Sources } from '../sources.ts';
import { type Choice, chooseApp } from './choose-app.ts';
import { chooseBind } from './choose-bind.ts';
import { readWorkers, suitWorkers } from './choose-workers.ts';
import { type InitOptions, parseInitLine } from './command-line.ts';
import type { FoundApp } from './found-app.ts';
import { type Instance, renderInstance } from './render-instance.ts';
import { reportFindings, reportNext } from './report.ts';
import { findVirtualEnv } from './virtual-env.ts';
import { findWarnings } from './warnings.ts';
import { type Draft, existsAlready, makeFolder, writeDraft } from './write-file.ts';

/** Where the unit has its configurations. */
const configFolder = '/etc/tsgun';

type Surroundings = Omit<Sources, 'commandLine'>;

/** `tsgun init`: writes the configuration of an instance, and says what it found and what is next. */
export async function init(args: readonly string[], sources: Surroundings): Promise<number> {
  const line = parseInitLine(args);
  if (line.kind === 'print') {
    process.stdout.write(line.text);
    return exitCodes.stopped;
  }
  const { options } = line;
  const home = path.join(configFolder, `${options.name}.toml`);
  const file = options.output === null ? home : path.resolve(sources.cwd, options.output);
  const printed = options.output === '-';
  // Before anything is looked at, for it would be in vain.
  const replaced = !printed && existsSync(file);
  if (replaced && !options.force) throw existsAlready(file);
  const { choice, instance } = await plan(options, printed ? home : file, sources.cwd);
  // What is printed is for a file; the rest is for people.
  const tell = printed ? process.stderr : process.stdout;
  tell.write(reportFindings(instance, choice.others));
  const text = renderInstance(instance);
  if (printed) process.stdout.write(text);
  else await write(file, text, options.force, sources);
  for (const warning of findWarnings(instance.app, instance.python, options.user)) {
    process.stderr.write(`tsgun: warning: ${warning}\n`);
  }
  if (!printed) tell.write(reportNext(instance, { file, home, user: options.user, replaced }));
  return exitCodes.stopped;
}

async function plan(
  options: InitOptions,
  file: string,
  cwd: string,
): Promise<{ choice: Choice; instance: Instance }> {
  // What is wrong with the command line comes before what is wrong with the app.
  for (const address of options.bind) checkAddress(address);
  const workers = options.workers === null ? null : readWorkers(options.workers);
  const chdir = options.chdir === null ? null : path.resolve(cwd, options.chdir);
  const choice = chooseApp({ app: options.app, chdir, cwd });
  const { app } = choice;
  const instance: Instance = {
    name: options.name,
    app,
    python: app.language === 'python' ? choosePython(options, app, cwd) : null,
    workerClass: chooseClass(app),
    bind: options.bind.length > 0 ? options.bind : await chooseBind(file),
    workers: workers ?? suitWorkers(app),
  };
  return { choice, instance };
}

function checkAddress(address: string): void {
  try {
    parseAddress(address, '/');
  } catch (error) {
    throw new TsgunError('TSGUN_E_USAGE', `init: --bind: ${messageOf(error)}`, { cause: error });
  }
}

/** A name alone is left to the PATH of the service. */
function choosePython({ python }: InitOptions, app: FoundApp, cwd: string): string | null {
  if (python === null) return findVirtualEnv(app.chdir);
  return python.includes('/') ? path.resolve(cwd, python) : python;
}

/** Beside an `app.js` the module `app` could be either. */
function chooseClass(app: FoundApp): Instance['workerClass'] {
  const { chdir, language, pythonpath } = app;
  const named = { app: app.app, chdir, workerClass: 'auto' as const };
  const folders = pythonpath.map((folder) => path.resolve(chdir, folder));
  try {
    if (findLanguage({ ...named, pythonpath: folders }).language === language) return null;
  } catch {
    // Both could be meant, or neither is there: the check of what is written will tell.
  }
  if (language === 'node') return 'node';
  return app.style === 'asgi' ? 'asgi' : 'sync';
}

/** Only what `tsgun` itself understands comes to be there. */
async function write(
  file: string,
  text: string,
  replace: boolean,
  sources: Surroundings,
): Promise<void> {
  if (path.dirname(file) === configFolder) makeFolder(configFolder);
  const draft = writeDraft(file, text);
  try {
    await check(draft, file, sources);
    draft.publish(replace);
  } finally {
    draft.discard();
  }
}

/** As the service will read it: from the root folder, and without what this shell has set. */
async function check(draft: Draft, file: string, sources: Surroundings): Promise<void> {
  const config = { name: 'config', raw: draft.path, kind: 'text', origin: '--config' } as const;
  const env = { PATH: sources.env['PATH'] };
  try {
    await loadSettings({ ...sources, env, cwd: '/', commandLine: [config] });
  } catch (error) {
    if (!(error instanceof TsgunError)) throw error;
    const message = error.message.replaceAll(draft.path, path.basename(file));
    throw new TsgunError('TSGUN_E_OPERATION', `Wrote nothing, for it would not work:\n${message}`, {
      cause: error,
    });
  }
}
