import path from 'node:path';
import { messageOf, TsgunError } from '../../core/errors.ts';
import { findApp } from '../../worker/find-app.ts';
import type { FoundApp, Survey } from './found-app.ts';
import { type Manifest, readManifest } from './node-manifest.ts';
import { readNodeSource } from './node-source.ts';
import { isFile, readSource, showFrom } from './read-source.ts';

const stems = ['server', 'app', 'index', 'main'];
const extensions = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/** The entry that a folder's package.json names, or else the files that are usually called so. */
export function surveyNode(folder: string): Survey {
  const manifest = readManifest(folder);
  const remarks: string[] = [];
  for (const name of namedEntries(manifest)) {
    const entry = resolveEntry(name, folder);
    if (typeof entry === 'string') return { apps: [describe(entry, folder, manifest)], remarks };
    remarks.push(remark(folder, name, entry) + (manifest?.hasBuild ? hint : ''));
  }
  const apps = usualFiles(folder).map((file) => describe(file, folder, manifest));
  return { apps: withoutImported(apps), remarks };
}

/** One file, as seen from `chdir` or else from the package that it belongs to. */
export function surveyFile(file: string, chdir: string | null): FoundApp {
  const folder = chdir ?? packageOf(file);
  return describe(file, folder, readManifest(folder));
}

/** What is started goes before what is imported. */
function namedEntries(manifest: Manifest | null): string[] {
  if (manifest === null) return [];
  const { start, namesMain } = manifest;
  return [...(start === null ? [] : [start]), ...(namesMain ? ['.'] : [])];
}

/** The file, or why it is none; as a worker will look for it. */
function resolveEntry(name: string, folder: string): string | TsgunError {
  try {
    return findApp(name, folder).file;
  } catch (error) {
    if (error instanceof TsgunError) return error;
    throw error;
  }
}

const hint = ': build the app first (npm run build)';

const remark = (folder: string, name: string, error: TsgunError): string =>
  name === '.'
    ? (/its package\.json names.*/.exec(messageOf(error))?.[0] ?? messageOf(error))
    : `"${path.join(folder, 'package.json')}" starts "${name}", which is not there`;

function usualFiles(folder: string): string[] {
  const names = stems.flatMap((stem) => extensions.map((extension) => stem + extension));
  const filesIn = (place: string) => names.map((name) => path.join(place, name)).filter(isFile);
  const files = filesIn(folder);
  return files.length > 0 ? files : filesIn(path.join(folder, 'src'));
}

function describe(file: string, folder: string, manifest: Manifest | null): FoundApp {
  const source = readNodeSource(readSource(file) ?? '', manifest?.packages ?? []);
  return {
    language: 'node',
    ...source,
    style: null,
    chdir: folder,
    pythonpath: [],
    app: showFrom(folder, file),
    file,
    rank: 0,
  };
}

/** Of `server.js` and the `app.js` that it imports, the first is what is started. */
function withoutImported(apps: FoundApp[]): FoundApp[] {
  const sources = apps.map(({ file }) => readSource(file) ?? '');
  return apps.filter(({ file }) => {
    const { name } = path.parse(file);
    const imported = new RegExp(`['"]\\./${name}(?:\\.[cm]?[jt]s)?['"]`);
    return !sources.some((source) => imported.test(source));
  });
}

/** Where the nearest package.json is; apps look for their settings and files there. */
function packageOf(file: string): string {
  for (let folder = path.dirname(file); folder !== '/'; folder = path.dirname(folder)) {
    if (isFile(path.join(folder, 'package.json'))) return folder;
  }
  return path.dirname(file);
}
