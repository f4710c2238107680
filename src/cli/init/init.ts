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
  if (line.kind === 'print') process.stdout.write(line.text);
  else if (line.options.output === '-') await print(line.options, sources);
  else await install(line.options, sources);
  return exitCodes.stopped;
}

const homeOf = ({ name }: InitOptions): string => path.join(configFolder, `${name}.toml`);

/** What is printed is for a file; the rest is for people. */
async function print(options: InitOptions, { cwd }: Surroundings): Promise<void> {
  const { instance, choice } = await plan(options, homeOf(options), cwd);
  process.stderr.write(reportFindings(instance, choice.others));
  process.stdout.write(renderInstance(instance));
  warn(instance, options);
}

async function install(options: InitOptions, sources: Surroundings): Promise<void> {
  const home = homeOf(options);
  const file = options.output === null ? home : path.resolve(sources.cwd, options.output);
  // Before anything is looked at, for it would be in vain.
  const replaced = existsSync(file);
  if (replaced && !options.force) throw existsAlready(file);
  const { instance, choice } = await plan(options, file, sources.cwd);
  process.stdout.write(reportFindings(instance, choice.others));
  await write(file, renderInstance(instance), options.force, sources);
  warn(instance, options);
  process.stdout.write(reportNext(instance, { file, home, user: options.user, replaced }));
}

function warn({ app, python }: Instance, { user }: InitOptions): void {
  for (const warning of findWarnings(app, python, user)) {
    process.stderr.write(`tsgun: warning: ${warning}\n`);
  }
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

/** Beside an `app.js` the module `app` could be either; what was not found stays not found. */
function chooseClass(app: FoundApp): Instance['workerClass'] {
  const { chdir, file, language, pythonpath } = app;
  if (file === chdir) return null;
  const named = { app: app.app, chdir, workerClass: 'auto' as const };
  const folders = pythonpath.map((folder) => path.resolve(chdir, folder));
  try {
    if (findLanguage({ ...named, pythonpath: folders }).language === language) return null;
  } catch {
    // Both could be meant.
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
