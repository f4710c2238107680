import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { TsgunError } from '../core/errors.ts';

const extensions = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/** Tried in a folder that does not say what its main file is. */
const mainNames = ['index', 'server', 'app', 'main'];

export interface AppPlace {
  /** Absolute. */
  file: string;
  /** Named by the user. */
  exportName: string | null;
}

/** The file that `APP` means, seen from `cwd`. Throws TSGUN_E_APP_LOAD. */
export function findApp(app: string, cwd: string): AppPlace {
  const whole = findFile(path.resolve(cwd, app));
  if (whole) return { file: whole, exportName: null };
  const [, name, exportName] = /^(.+):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(app) ?? [];
  const file = name === undefined ? null : findFile(path.resolve(cwd, name));
  if (file && exportName !== undefined) return { file, exportName };
  throw cannotFind(app, `no such file "${path.resolve(cwd, name ?? app)}"`);
}

const cannotFind = (app: string, why: string): TsgunError =>
  new TsgunError('TSGUN_E_APP_LOAD', `Cannot find the app "${app}": ${why}`);

function findFile(place: string): string | null {
  const stat = statSync(place, { throwIfNoEntry: false });
  if (stat?.isFile()) return place;
  if (stat?.isDirectory()) return findMain(place);
  return withExtension(place);
}

const isFile = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isFile() === true;

const withExtension = (place: string): string | null =>
  extensions.map((extension) => place + extension).find(isFile) ?? null;

/** What the folder's package.json names, or a file with a usual name. */
function findMain(folder: string): string | null {
  const named = namedMain(folder);
  if (named !== null) {
    const file = path.resolve(folder, named);
    const found = isFile(file) ? file : withExtension(file);
    if (found) return found;
    throw cannotFind(folder, `its package.json names "${named}", which is not there`);
  }
  for (const name of mainNames) {
    const found = withExtension(path.join(folder, name));
    if (found) return found;
  }
  throw cannotFind(folder, 'no package.json names a main file, and there is no index');
}

function namedMain(folder: string): string | null {
  let manifest: { exports?: unknown; main?: unknown };
  try {
    manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  } catch {
    return null;
  }
  return targetOf(manifest.exports) ?? (typeof manifest.main === 'string' ? manifest.main : null);
}

/** Of `exports`, what an import of the package itself would get. */
function targetOf(exports: unknown): string | null {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return null;
  for (const key of ['.', 'node', 'import', 'default', 'require']) {
    const target = key in exports ? targetOf(Reflect.get(exports, key)) : null;
    if (target !== null) return target;
  }
  return null;
}
