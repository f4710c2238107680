import path from 'node:path';

const socketName = 'control.sock';

/** Where instances of root are; `TSGUN_RUN_DIR` is for tests and containers, where nobody is root. */
export const systemFolder = (env: NodeJS.ProcessEnv): string =>
  env['TSGUN_RUN_DIR'] || '/run/tsgun';

/** Where those of a user are; null for who has no such folder. */
export const userFolder = (env: NodeJS.ProcessEnv): string | null =>
  env['XDG_RUNTIME_DIR'] ? path.join(env['XDG_RUNTIME_DIR'], 'tsgun') : null;

export const socketPathIn = (folder: string, name: string): string =>
  path.join(folder, name, socketName);

/** The name that a socket of such a path belongs to, in which folder; null for any other path. */
export function parseSocketPath(socketPath: string): { folder: string; name: string } | null {
  const own = path.dirname(path.resolve(socketPath));
  if (path.basename(socketPath) !== socketName) return null;
  return { folder: path.dirname(own), name: path.basename(own) };
}
