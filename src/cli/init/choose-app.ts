import path from 'node:path';
import { TsgunError } from '../../core/errors.ts';
import { type FoundApp, harmless, type Survey } from './found-app.ts';
import { surveyFile, surveyNode } from './node-apps.ts';
import { surveyModule, surveyPython } from './python-apps.ts';
import { isFile, isFolder, showFrom } from './read-source.ts';

/** Which app is to be served, as the command line has it. */
export interface Asked {
  app: string;
  /** Absolute; null where the app says it. */
  chdir: string | null;
  cwd: string;
}

export interface Choice {
  app: FoundApp;
  /** Found as well, and less likely meant. */
  others: FoundApp[];
}

/** The app that is meant. Throws when nothing is found, or too much. */
export function chooseApp(asked: Asked): Choice {
  const { app, chdir } = asked;
  const whole = locate(app, asked);
  if (whole !== null && isFolder(whole)) return chooseInFolder(whole, chdir);
  if (whole !== null) return chooseInFile(whole, chdir);
  const [, file = '', name = ''] = /^(.+?):([^/]+)$/.exec(app) ?? [];
  const named = file === '' ? null : locate(file, asked);
  if (named !== null && isFile(named)) return { app: nameIn(named, name, chdir), others: [] };
  if (chdir !== null) return { app: takeWord(app, chdir), others: [] };
  const isModule = /^[\p{ID_Start}_][\p{ID_Continue}.]*:/u.test(app);
  const hint = isModule ? ', and for a module --chdir has to name its folder' : '';
  throw new TsgunError(
    'TSGUN_E_USAGE',
    `init: "${app}" is no file and no folder${hint}, see "tsgun init --help"`,
  );
}

/** As seen from here, or else from where the app is to run. */
function locate(name: string, { cwd, chdir }: Asked): string | null {
  const places = [cwd, ...(chdir === null ? [] : [chdir])].map((base) => path.resolve(base, name));
  return places.find((place) => isFolder(place) || isFile(place)) ?? null;
}

function chooseInFolder(folder: string, chdir: string | null): Choice {
  const choice = chooseFrom(surveyFolder(folder), folder);
  if (chdir === null) return choice;
  const { language, file, app } = choice.app;
  const name = app.split(':')[1] ?? '';
  return {
    ...choice,
    app: language === 'node' ? surveyFile(file, chdir) : nameIn(file, name, chdir),
  };
}

function surveyFolder(folder: string): Survey {
  const node = surveyNode(folder);
  const python = surveyPython(folder);
  return { apps: [...node.apps, ...python.apps], remarks: [...node.remarks, ...python.remarks] };
}

function chooseInFile(file: string, chdir: string | null): Choice {
  if (!file.endsWith('.py')) return { app: surveyFile(file, chdir), others: [] };
  const apps = surveyModule(file, chdir);
  const remarks = ['name the app in it as "FILE:NAME", a factory as "FILE:NAME()"'];
  return chooseFrom({ apps, remarks }, file);
}

/** `app.py:name`, `server.js:name`: what it is called is known, and what it is only guessed. */
function nameIn(file: string, name: string, chdir: string | null): FoundApp {
  if (!file.endsWith('.py')) {
    const app = surveyFile(file, chdir);
    return { ...app, app: `${app.app}:${name}` };
  }
  const apps = surveyModule(file, chdir);
  const called = apps.find(({ app }) => app.endsWith(`:${name}`));
  return called ?? { ...moduleOf(file, name, chdir), kind: apps[0]?.kind ?? 'a Python app' };
}

function moduleOf(file: string, name: string, chdir: string | null): FoundApp {
  const folder = chdir ?? path.dirname(file);
  const module = showFrom(folder, file).slice(0, -'.py'.length).replaceAll('/', '.');
  return { ...takeWord(`${module}:${name}`, folder), file };
}

/** What the settings will say whether it is there. */
const takeWord = (app: string, chdir: string): FoundApp => ({
  language: /\.[cm]?[jt]s(?::|$)/.test(app) ? 'node' : 'python',
  kind: /\.[cm]?[jt]s(?::|$)/.test(app) ? 'a Node.js app' : 'a Python app',
  style: null,
  chdir,
  pythonpath: [],
  app,
  file: chdir,
  line: null,
  rank: 0,
  certain: true,
});

/** What certainly serves goes before what is only called so. */
function chooseFrom({ apps, remarks }: Survey, place: string): Choice {
  const certain = apps.filter((app) => app.certain);
  const likely = certain.length > 0 ? certain : apps;
  const best = (['node', 'python'] as const).flatMap((language) =>
    nearest(likely.filter((app) => app.language === language)),
  );
  const [app] = best;
  if (app === undefined) throw refuse(describeNothing(place, remarks));
  if (best.length > 1) throw refuse(describeMany(place, best));
  return { app, others: likely.filter((other) => other !== app) };
}

/** The likeliest of each project; folders that are imported from by themselves are projects. */
function nearest(apps: readonly FoundApp[]): FoundApp[] {
  const projects = Map.groupBy(apps, ({ chdir }) => chdir);
  return [...projects.values()].flatMap((project) => {
    const least = Math.min(...project.map(({ rank }) => rank));
    return project.filter(({ rank }) => rank === least);
  });
}

const describeNothing = (place: string, remarks: readonly string[]): string =>
  [
    `Cannot find an app in "${place}": neither a server of Node.js nor an app of Python is to be seen there`,
    ...remarks.map((remark) => `  ${remark}`),
    'Name it: --app FOLDER/app.py:NAME, --app FOLDER/server.js, or --app module:NAME --chdir FOLDER',
  ].join('\n');

function describeMany(place: string, apps: readonly FoundApp[]): string {
  const options = apps
    .slice(0, mostChoices)
    .map((app) => ({ ...app, option: `--app ${optionFor(app)}` }));
  const width = Math.max(...options.map(({ option }) => option.length));
  const lines = options.map(
    ({ option, kind, line }) =>
      `  ${option.padEnd(width)}  ${kind}${line === null ? '' : ` (${line})`}`,
  );
  const rest = apps.length - lines.length;
  if (rest > 0) lines.push(`  ... and ${rest} more`);
  return [`Cannot tell which app in "${place}" is meant, choose one:`, ...lines].join('\n');
}

const mostChoices = 10;

/** How to ask for just this one. */
export function optionFor({ language, app, file }: FoundApp): string {
  const option = language === 'node' ? file : `${file}:${app.split(':')[1] ?? ''}`;
  return /^[\w./:@+-]+$/.test(option) ? option : `'${option.replaceAll("'", `'\\''`)}'`;
}

const refuse = (message: string): TsgunError =>
  new TsgunError('TSGUN_E_OPERATION', harmless(message));
