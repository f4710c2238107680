import {
  closeSync,
  constants,
  fstatSync,
  opendirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import path from 'node:path';

/** Whoever writes an app has its entry near the beginning. */
const mostBytes = 256 * 1024;

const mostEntries = 2000;

/** The beginning of a file of text; null when it is none, or not for us. Never waits for a pipe. */
export function readSource(file: string): string | null {
  let fd: number | undefined;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!fstatSync(fd).isFile()) return null;
    const bytes = Buffer.alloc(mostBytes);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, mostBytes, 0));
  } catch {
    return null; // gone, or not ours to read: then it tells us nothing
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Names in a folder, in order; none of a folder that cannot be read. */
export function listNames(folder: string): string[] {
  const names: string[] = [];
  try {
    const entries = opendirSync(folder);
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        if (names.push(entry.name) >= mostEntries) break;
      }
    } finally {
      entries.closeSync();
    }
  } catch {
    return []; // ENOENT, EACCES, ENOTDIR: nothing there for us
  }
  return names.toSorted();
}

export const isFile = (file: string): boolean => look(file)?.isFile() === true;

export const isFolder = (folder: string): boolean => look(folder)?.isDirectory() === true;

function look(place: string) {
  try {
    return statSync(place, { throwIfNoEntry: false });
  } catch {
    return undefined; // EACCES or ELOOP on the way
  }
}

/** `./app.py` as seen from a folder; absolute for what is outside. */
export function showFrom(folder: string, file: string): string {
  const relative = path.relative(folder, file);
  return relative === '..' || relative.startsWith('../') ? file : relative || '.';
}
