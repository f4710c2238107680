import { pathToFileURL } from 'node:url';
import { recognizeApp, type ServableApp } from './app-kind.ts';
import type { AppPlace } from './find-app.ts';

/** Looked at in this order when the user names no export. */
const usualNames = ['default', 'app', 'application', 'server', 'handler'];

/** What a module turned out to have: an app, or only these exports. */
export type Loaded = { app: ServableApp } | { app: null; exports: string[] };

/** Imports the app's module and looks for an app in its exports. Throws what the module throws. */
export async function loadApp({ file, exportName }: AppPlace): Promise<Loaded> {
  const module: object = await import(pathToFileURL(file).href);
  const exports = flatten(module);
  if (exportName !== null) return loadNamed(exports, exportName, file);
  for (const name of usualNames) {
    if (!exports.has(name)) continue;
    const app = await recognizeApp(exports.get(name));
    if (app) return { app };
  }
  return { app: null, exports: [...exports.keys()] };
}

async function loadNamed(
  exports: Map<string, unknown>,
  name: string,
  file: string,
): Promise<Loaded> {
  if (!exports.has(name)) {
    const known = [...exports.keys()].join(', ') || 'nothing';
    throw new Error(`Cannot find the export "${name}" in "${file}": it exports ${known}`);
  }
  const app = await recognizeApp(exports.get(name));
  if (!app) throw new Error(`Cannot serve the export "${name}" of "${file}": it is no app`);
  return { app };
}

/** The exports of a module; those of a CommonJS module are also the properties of its default. */
function flatten(module: object): Map<string, unknown> {
  const exports = new Map<string, unknown>(Object.entries(module));
  exports.delete('module.exports'); // newer Node's second name for the default
  const main = exports.get('default');
  if (typeof main !== 'object' || main === null) return exports;
  for (const name of Object.keys(main)) {
    if (!exports.has(name)) exports.set(name, Reflect.get(main, name));
  }
  return exports;
}
