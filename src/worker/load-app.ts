import { pathToFileURL } from 'node:url';
import { TsgunError } from '../core/errors.ts';
import { recognizeApp, type ServableApp } from './app-kind.ts';
import type { AppPlace } from './find-app.ts';

/** Looked at in this order when the user names no export. */
const usualNames = ['default', 'app', 'application', 'server', 'handler'];

export type Exports = ReadonlyMap<string, unknown>;

/** Runs the app's module. Throws what it throws, and waits as long as it takes. */
export async function importApp({ file }: AppPlace): Promise<Exports> {
  const module: object = await import(pathToFileURL(file).href);
  const exports = new Map<string, unknown>(Object.entries(module));
  exports.delete('module.exports'); // newer Node's second name for the default
  // The exports of a CommonJS module are also the properties of its default.
  const main = exports.get('default');
  if (typeof main !== 'object' || main === null) return exports;
  for (const name of Object.keys(main)) {
    if (!exports.has(name)) exports.set(name, Reflect.get(main, name));
  }
  return exports;
}

/**
 * The app among the exports; null when there is none, TSGUN_E_APP_LOAD when the user named one that
 * is none.
 */
export async function pickApp(
  exports: Exports,
  { file, exportName }: AppPlace,
): Promise<ServableApp | null> {
  if (exportName !== null) return pickNamed(exports, exportName, file);
  for (const name of usualNames) {
    const app = exports.has(name) ? await recognizeApp(exports.get(name)) : null;
    if (app) return app;
  }
  return null;
}

async function pickNamed(exports: Exports, name: string, file: string): Promise<ServableApp> {
  if (!exports.has(name)) {
    const why = `it exports ${listNames(exports)}`;
    throw new TsgunError(
      'TSGUN_E_APP_LOAD',
      `Cannot find the export "${name}" in "${file}": ${why}`,
    );
  }
  const app = await recognizeApp(exports.get(name));
  if (app) return app;
  throw new TsgunError(
    'TSGUN_E_APP_LOAD',
    `Cannot serve the export "${name}" of "${file}": it is no app`,
  );
}

export const listNames = (exports: Exports): string => [...exports.keys()].join(', ') || 'nothing';
