import path from 'node:path';
import { isFile, listNames, showFrom } from './read-source.ts';

/** So far above the app can its project be: `project/backend/src`. */
const mostLevels = 2;

/** `bin/python` of the virtual environment beside an app or a little above; null without one. */
export function findVirtualEnv(chdir: string): string | null {
  let folder = chdir;
  for (let level = 0; level <= mostLevels; level += 1) {
    const found = pythonIn(folder);
    if (found !== null) return showFrom(chdir, found);
    folder = path.dirname(folder);
    // What is in /srv or /home belongs to no project.
    if (path.dirname(folder) === '/') return null;
  }
  return null;
}

/** The usual names first, as there can be more than one. */
function pythonIn(folder: string): string | null {
  const places = ['.venv', 'venv', 'env', ...listNames(folder)].map((name) =>
    path.join(folder, name),
  );
  const found = places.find(
    (place) => isFile(path.join(place, 'pyvenv.cfg')) && isFile(path.join(place, 'bin/python')),
  );
  return found === undefined ? null : path.join(found, 'bin/python');
}
