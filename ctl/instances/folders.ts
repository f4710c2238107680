import {
  parseSocketPath,
  socketPathIn,
  systemFolder,
  userFolder,
} from '../../src/protocol/control/places.ts';
import { usageError } from '../command-line/globals.ts';

/** Where an instance may listen. */
export interface Place {
  name: string;
  socketPath: string;
}

/** Folders of instances; those that the caller would start come first. */
export function runFolders(env: NodeJS.ProcessEnv, uid: number): string[] {
  const system = systemFolder(env);
  const user = userFolder(env);
  if (user === null) return [system];
  return uid === 0 ? [system, user] : [user, system];
}

/** All places that exist, alive or not. */
export const listPlaces = (folders: readonly string[]): Place[] =>
  folders.flatMap((folder) => readNames(folder).map((name) => placeOf(folder, name)));

/** Where an instance of this name would be. Throws TSGUN_E_USAGE. */
export function placesOf(folders: readonly string[], name: string): Place[] {
  if (!/^(?!\.\.?$)(?!.*\.\.)[^/\0]+$/.test(name)) {
    const why = 'it may contain neither "/" nor ".."';
    throw usageError(`--instance: ${JSON.stringify(name)} is no name of an instance, ${why}`);
  }
  return folders.map((folder) => placeOf(folder, name));
}

/** The name that a socket's folder has, when it is such a folder. */
export const nameOfSocket = (socketPath: string, folders: readonly string[]): string | null => {
  const place = parseSocketPath(socketPath);
  return place && folders.includes(place.folder) ? place.name : null;
};

const placeOf = (folder: string, name: string): Place => ({
  name,
  socketPath: socketPathIn(folder, name),
});

function readNames(folder: string): string[] {
  // An import would load streams and promises of node:fs as well, 2 ms of every call.
  const { readdirSync } = process.getBuiltinModule('node:fs');
  try {
    return (
      readdirSync(folder, { withFileTypes: true })
        // A link: systemd keeps the folders of dynamic users elsewhere.
        .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
        .map((entry) => entry.name)
        .toSorted()
    );
  } catch {
    return []; // ENOENT, EACCES or ENOTDIR: this user can see no instance there
  }
}
