import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../core/errors.ts';

/** Makes a folder and what is missing above it, for everybody to enter; gives those it made. */
export function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let above = folder; !exists(above); above = path.dirname(above)) missing.unshift(above);
  // With chmod afterwards, somebody could put something else in the folder's place before.
  const umask = process.umask(0o022);
  try {
    return missing.filter((each) => makeFolder(each));
  } finally {
    process.umask(umask);
  }
}

const exists = (folder: string): boolean =>
  statSync(folder, { throwIfNoEntry: false }) !== undefined;

/** False when somebody else was faster. */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, 0o755);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes those that are empty and still there; what cannot be removed stays. */
export function removeFolders(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
}
