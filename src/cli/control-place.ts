import path from 'node:path';
import type { ControlPlace } from '../arbiter/upgrade.ts';
import {
  parseSocketPath,
  socketPathIn,
  systemFolder,
  userFolder,
} from '../protocol/control/places.ts';
import type { Settings } from '../settings/table.ts';

/**
 * Of the instance: that of its folder where the socket was put among those of others, as the unit
 * does it; or what it was called, or else the app without what surrounds its name.
 */
export function chooseName(settings: Settings, env: NodeJS.ProcessEnv): string {
  const { app, chdir, controlSocket, procName } = settings;
  const place = controlSocket === null ? null : parseSocketPath(controlSocket);
  if (place && [systemFolder(env), userFolder(env)].includes(place.folder)) return place.name;
  if (procName !== null) return clean(procName);
  const [file = '.'] = (app ?? '.').split(/:(?=[^/\\]*$)/);
  const { name } = path.parse(path.resolve(chdir, file));
  return clean(name);
}

/** Good for the name of a folder, and for a word of a command line. */
const clean = (name: string): string =>
  name
    .replaceAll(/[^\w.@-]/g, '_')
    .replace(/^[.-]+/, '')
    .slice(0, 40) || 'tsgun';

/** Null when it was not said where. */
export const explicitPlace = ({ controlSocket }: Settings): Omit<ControlPlace, 'name'> | null =>
  controlSocket === null ? null : { path: controlSocket, folders: [] };

/** Null for a user who has no folder for it. */
export function defaultPath(name: string, env: NodeJS.ProcessEnv): string | null {
  const isSystem = process.geteuid?.() === 0 || Boolean(env['TSGUN_RUN_DIR']);
  const folder = isSystem ? systemFolder(env) : userFolder(env);
  return folder === null ? null : socketPathIn(folder, name);
}
