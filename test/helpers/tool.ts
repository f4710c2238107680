import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(':');

const isInstalled = (program: string): boolean =>
  folders.some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Why a test cannot run that needs programs of the system; false when it can. */
export function missingTools(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isInstalled(program));
  return missing.length > 0 && `needs ${missing.join(', ')}`;
}

/** What a program says on both of its outputs; any exit code but 0 is an error. */
export function tool(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { error, status, signal, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 180_000,
  });
  if (error) throw error;
  if (status === 0) return stdout + stderr;
  throw new Error(`${file} ${args.join(' ')}: ${status ?? signal}\n${stdout}${stderr}`);
}
