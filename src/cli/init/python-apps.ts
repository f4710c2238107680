import path from 'node:path';
import type { FoundApp, Survey } from './found-app.ts';
import { findPythonApps, type PythonApp } from './python-source.ts';
import { isFile, isFolder, listNames, readSource, showFrom } from './read-source.ts';

/** Beyond it is no app's entry, and a home folder is not read through. */
const mostModules = 300;

/** Folders below the one that was named: `src/shop/app.py`. */
const deepest = 2;

/** Where no entry of an app is, only much Python. */
const skipped =
  /^(?:\..*|__pycache__|node_modules|v?env|virtualenv|site-packages|tests?|testing|docs?|migrations|static|templates|build|dist)$/;

const identifier = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/** Every app in the modules of a folder. */
export function surveyPython(folder: string): Survey {
  const modules = listModules(folder, 0).slice(0, mostModules);
  const all = shareKind(modules.flatMap((file) => appsOfModule(file, folder)));
  // What lies deeper and is imported from there is another project, such as an example.
  const own = all.filter(({ chdir }) => chdir === folder);
  const apps = own.length > 0 ? own : all;
  const django = modules.filter((file) => path.basename(file) === 'manage.py');
  const remarks = apps.some(({ kind }) => kind.includes('Django'))
    ? []
    : django.map((file) => `"${file}" is Django's, but no wsgi.py or asgi.py is there`);
  return { apps, remarks };
}

/** The apps of one module, which is imported as seen from `chdir` if that is said. */
export function surveyModule(file: string, chdir: string | null): FoundApp[] {
  return appsOfModule(file, path.dirname(file), chdir);
}

/** The nearest first, so that a limit cuts off what is far. */
function listModules(folder: string, depth: number): string[] {
  const names = listNames(folder);
  const files = names
    .filter((name) => name.endsWith('.py') && identifier.test(name.slice(0, -'.py'.length)))
    .map((name) => path.join(folder, name))
    .filter(isFile);
  if (depth === deepest) return files;
  const folders = names
    .filter((name) => !skipped.test(name))
    .map((name) => path.join(folder, name))
    .filter((place) => isFolder(place) && !isFile(path.join(place, 'pyvenv.cfg')));
  return [...files, ...folders.flatMap((place) => listModules(place, depth + 1))];
}

function appsOfModule(file: string, folder: string, chdir: string | null = null): FoundApp[] {
  const source = readSource(file);
  if (source === null) return [];
  const stem = path.basename(file, '.py');
  const usual = stem === 'wsgi' || stem === 'asgi' ? stem : null;
  const apps = findPythonApps(source, usual);
  if (apps.length === 0) return [];
  const place = placeModule(file, chdir);
  const depth = showFrom(folder, file).split('/').length - 1;
  return apps.map((app) => ({
    language: 'python',
    kind: app.kind,
    style: app.style,
    chdir: place.chdir,
    pythonpath: place.pythonpath,
    app: `${place.module}:${app.expression}`,
    file,
    line: app.line,
    rank: rankOfModule(stem, app) + 10 * depth + rankOfName(app),
    certain: true,
  }));
}

/** What was made for a server goes first; Django makes both, and serves WSGI unless told more. */
function rankOfModule(stem: string, { kind, line }: PythonApp): number {
  if (stem === 'wsgi') return 0;
  if (stem === 'asgi') return kind.includes('Django') && !line?.includes('Router') ? 50 : -50;
  return /^(?:app|application|main|server|run|api|index)$/.test(stem) ? 100 : 200;
}

function rankOfName({ expression }: PythonApp): number {
  if (/^app(?:lication)?$/.test(expression)) return 0;
  return expression.endsWith(')') ? 1 : 2;
}

interface Place {
  chdir: string;
  pythonpath: string[];
  module: string;
}

/** Modules of a package are imported from where the package lies. */
function placeModule(file: string, chdir: string | null): Place {
  const root = chdir ?? packageRoot(file);
  const parts = path.relative(root, file).slice(0, -'.py'.length).split('/');
  if (parts.at(-1) === '__init__' && parts.length > 1) parts.pop();
  // `src` is only for the modules: everything else of the project is seen from above.
  const layout = chdir === null && path.basename(root) === 'src';
  return {
    chdir: layout ? path.dirname(root) : root,
    pythonpath: layout ? ['src'] : [],
    module: parts.join('.'),
  };
}

function packageRoot(file: string): string {
  let folder = path.dirname(file);
  while (isFile(path.join(folder, '__init__.py')) && folder !== path.dirname(folder)) {
    folder = path.dirname(folder);
  }
  return folder;
}

/** `wsgi.py` often only calls a factory from elsewhere: then it is an app of that kind. */
function shareKind(apps: FoundApp[]): FoundApp[] {
  const known = apps.filter(({ kind }) => !isUnknown(kind) && !kind.startsWith('a plain '));
  const kinds = new Set(known.map(({ kind }) => kind));
  const [only] = kinds;
  if (only === undefined || kinds.size > 1) return apps;
  return apps.map((app) => (isUnknown(app.kind) ? { ...app, kind: only } : app));
}

const isUnknown = (kind: string): boolean => /^an? (?:WSGI|ASGI|Python) app$/.test(kind);
