import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `python3 -m tsgun_python` finds our package: beside us in the sources, out there in the build. */
export const pythonFolder = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../python' : '../../../src/python', import.meta.url),
);

export interface PythonSearch {
  /** The setting. */
  python: string | null;
  chdir: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** The interpreter that runs the app, and all that was looked for when there is none. */
export function findPython(search: PythonSearch): { file: string } | { lookedFor: string[] } {
  const candidates = listCandidates(search);
  const file = candidates.find(isProgram);
  return file === undefined ? { lookedFor: candidates } : { file };
}

function listCandidates({ python, chdir, env }: PythonSearch): string[] {
  if (python?.includes('/')) return [path.resolve(chdir, python)];
  if (python !== null) return inPath(python, env);
  const { VIRTUAL_ENV: active } = env;
  return [
    ...(active ? [path.join(active, 'bin/python')] : []),
    ...['.venv', 'venv'].map((folder) => path.join(chdir, folder, 'bin/python')),
    ...inPath('python3', env),
  ];
}

const inPath = (name: string, env: PythonSearch['env']): string[] =>
  (env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin')
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name));

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
