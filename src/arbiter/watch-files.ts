import { globSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../core/clock.ts';

/** What an app is written in; its logs and databases change without being its code. */
const sourceFile = /\.(?:[cm]?[jt]s|[jt]sx|json|py)$/;

/** Other people's code, and folders that tools keep to themselves. */
const notOurs = /(?:^|\/)(?:node_modules|__pycache__|venv|\.[^/]+)(?:\/|$)/;

/** Editors write in several steps, and `git checkout` writes many files. */
const settleMs = 100;

export interface WatchOptions {
  /** The folder of the app, absolute. */
  folder: string;
  /** Further files, absolute: the config file, and `reload_extra_files`, which may be globs. */
  extra: readonly string[];
  clock: Clock;
  onChange(file: string): void;
  onReady(): void;
  onError(error: unknown): void;
}

/** Development only: tells about changes of the app's own files, once for each burst. */
export async function watchFiles(options: WatchOptions): Promise<{ close(): Promise<void> }> {
  const { folder, extra, clock, onChange, onReady, onError } = options;
  const { watch } = await import('chokidar');
  let cancel: () => void = () => undefined;
  const watcher = watch([folder, ...new Set(extra.map(rootOf))], {
    ignoreInitial: true,
    ignored: (file) => notOurs.test(path.relative(folder, file)) && !isWithinExtra(extra, file),
  });
  watcher.on('all', (_event, file) => {
    if (!isSource(folder, file) && !isExtra(extra, file)) return;
    cancel();
    cancel = clock.after(settleMs, () => onChange(file));
  });
  watcher.on('ready', onReady);
  watcher.on('error', onError);
  return {
    async close() {
      cancel();
      await watcher.close();
    },
  };
}

function isSource(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return sourceFile.test(file) && !relative.startsWith('..') && !notOurs.test(relative);
}

const isGlob = (pattern: string): boolean => /[*?[{]/.test(pattern);

/** The deepest folder that holds every file a glob can mean. */
function rootOf(pattern: string): string {
  if (!isGlob(pattern)) return pattern;
  const parts = pattern.split('/');
  return parts.slice(0, parts.findIndex(isGlob)).join('/') || '/';
}

const isWithinExtra = (extra: readonly string[], file: string): boolean =>
  extra.some((pattern) => {
    const root = rootOf(pattern);
    return file === root || file.startsWith(`${root}/`) || root.startsWith(`${file}/`);
  });

const isExtra = (extra: readonly string[], file: string): boolean =>
  extra.some((pattern) => (isGlob(pattern) ? globSync(pattern).includes(file) : pattern === file));
