import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { TsgunError } from '../core/errors.ts';
import type { Settings } from '../settings/table.ts';

export type Language = 'node' | 'python';

type Named = Pick<Settings, 'chdir' | 'pythonpath' | 'workerClass'> & { app: string };

/** What is to run the app, and the app as that knows it. Throws TSGUN_E_SETTINGS when both could. */
export function findLanguage(settings: Named): { language: Language; app: string } {
  const { app, workerClass } = settings;
  if (workerClass === 'node') return { language: 'node', app };
  const module = asModule(settings);
  if (module !== null) return { language: 'python', app: module };
  if (workerClass !== 'auto') return { language: 'python', app };
  return { language: chooseLanguage(settings), app };
}

function chooseLanguage(settings: Named): Language {
  const { app, chdir } = settings;
  const file = findNodeApp(app, chdir);
  const module = findModule(settings);
  if (file && module) {
    throw refuse(
      `Cannot tell which app "${app}" is: "${file}" of Node.js or "${module}" of Python; choose by worker_class (node, or sync, gthread, gevent, eventlet, asgi)`,
    );
  }
  if (module) return 'python';
  if (file || looksLikePath(app)) return 'node';
  throw refuse(
    `Cannot find the app "${app}": "${chdir}" has no such file for Node.js, and no such module of Python; if Python has it installed, give a worker_class (sync, gthread, gevent, eventlet or asgi)`,
  );
}

/** People name the file, as Node.js has it: `src/app.py:make()` is `src.app:make()`; null for others. */
function asModule({ app, chdir }: Named): string | null {
  const [, file, rest = ''] = /^(.+)\.py(:.*)?$/.exec(app) ?? [];
  if (file === undefined) return null;
  const relative = path.relative(chdir, path.resolve(chdir, file));
  const module = relative.replaceAll('/', '.');
  if (!moduleName.test(module)) {
    throw refuse(
      `Cannot import "${app}": give the name of its module, and its folder by chdir or pythonpath`,
    );
  }
  return module + rest;
}

const moduleName = /^[\p{ID_Start}_][\p{ID_Continue}]*(?:\.[\p{ID_Start}_][\p{ID_Continue}]*)*$/u;

/** What `module`, `module:name` or `module:factory()` is imported from; null when it is not there. */
function findModule({ app, chdir, pythonpath }: Named): string | null {
  const [module = ''] = app.split(':', 1);
  if (!moduleName.test(module)) return null;
  const place = module.replaceAll('.', '/');
  for (const folder of [chdir, ...pythonpath]) {
    const found = findSource(path.join(folder, place));
    if (found !== null) return found;
  }
  return null;
}

/** Also what a compiler has made of it: `module.cpython-311-x86_64-linux-gnu.so`. */
function findSource(place: string): string | null {
  const file = namesIn(path.dirname(place)).find(
    (name) => name.startsWith(`${path.basename(place)}.`) && /\.(?:py|so)$/.test(name),
  );
  if (file !== undefined) return path.join(path.dirname(place), file);
  const packageFile = path.join(place, '__init__.py');
  return existsSync(packageFile) ? packageFile : null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const extensions = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];
const mainNames = ['package.json', ...['index', 'server', 'app', 'main'].flatMap(withExtensions)];

function withExtensions(name: string): string[] {
  return extensions.map((extension) => name + extension);
}

/** As a Node worker looks for it, which says what is wrong with it. */
function findNodeApp(app: string, chdir: string): string | null {
  const [, name = app] = /^(.+):[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.exec(app) ?? [];
  for (const one of [app, name]) {
    const place = path.resolve(chdir, one);
    const found = [place, ...withExtensions(place)].find(isFile);
    if (found !== undefined) return found;
    const main = namesIn(place).find((entry) => mainNames.includes(entry));
    if (main !== undefined) return path.join(place, main);
  }
  return null;
}

const isFile = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isFile() === true;

/** A Node worker tells best what is wrong with it. */
const looksLikePath = (app: string): boolean =>
  /[/\\]|^\.*$|\.[cm]?[jt]s(?::|$)/.test(app) || !/^[\p{ID_Continue}.]+(?::.*)?$/u.test(app);

const refuse = (message: string): TsgunError => new TsgunError('TSGUN_E_SETTINGS', message);
