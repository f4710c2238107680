import path from 'node:path';
import { isFile, listNames, showFrom } from './read-source.ts';

/** `bin/python` of the virtual environment beside an app or above it, up to `top`; null without. */
export function findVirtualEnv(chdir: string, top: string): string | null {
  for (let folder = chdir; ; folder = path.dirname(folder)) {
    const found = pythonIn(folder);
    if (found !== null) return showFrom(chdir, found);
    if (folder === top || folder === path.dirname(folder)) return null;
  }
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
