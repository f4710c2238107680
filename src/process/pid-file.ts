import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { messageOf, TsgunError } from '../core/errors.ts';

/** Left by a process that died in the middle of a start; proper-lockfile takes no less. */
const staleMs = 2000;
/** Long enough to outlast a stale lock. */
const retries = { retries: 150, factor: 1, minTimeout: 20, maxTimeout: 20 };

/** Everybody may read who we are. */
const mode = 0o644;

/** What Gunicorn gives the pid file of a new program until the old one has gone. */
export const upgradeSuffix = '.2';

/** Names a living instance: holds its pid, guarded against a second start on the same path. */
export class PidFile {
  #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Throws TSGUN_E_PIDFILE when a living tsgun has it or it cannot be written. */
  static async acquire(path: string): Promise<PidFile> {
    try {
      return await underLock(path, () => {
        const owner = readPid(path);
        if (owner !== null && owner !== process.pid && isTsgun(owner)) throw running(path, owner);
        write(path);
        return new PidFile(path);
      });
    } catch (error) {
      throw error instanceof TsgunError ? error : unwritable(path, error);
    }
  }

  /** Takes another name on, in one step: the new program's, after the old one has let go of it. */
  renameTo(path: string): void {
    renameSync(this.#path, path);
    this.#path = path;
  }

  /** Removes the file if it is still ours. */
  release(): void {
    if (readPid(this.#path) === process.pid) rmSync(this.#path, { force: true });
  }
}

/**
 * Two starts at the same moment must not both find the file free. The lock is held only while the
 * file is looked at and written: from then on its living owner is the guard.
 */
async function underLock<T>(file: string, act: () => T): Promise<T> {
  // The lock would try again and again where it can never be made.
  accessSync(path.dirname(file), constants.W_OK);
  const { default: lockfile } = await import('proper-lockfile');
  // A lock that was lost in between is of no use to anybody: the pid file decides.
  const options = { realpath: false, stale: staleMs, retries, onCompromised: () => undefined };
  const unlock = await lockfile.lock(file, options);
  try {
    return act();
  } finally {
    await unlock().catch(() => undefined);
  }
}

function write(file: string): void {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`);
  rmSync(temporary, { force: true }); // of an earlier process with our pid
  try {
    const fd = openSync(temporary, 'wx', mode);
    fchmodSync(fd, mode); // whatever our umask is
    writeSync(fd, `${process.pid}\n`);
    closeSync(fd);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Null for what is no pid, so that a broken file stops nobody. */
export function readPid(file: string): number | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return /^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : null;
  } catch {
    return null;
  }
}

/** A pid is used again by others, so it is the command line that tells: `tsgun: arbiter [name]`. */
function isTsgun(pid: number): boolean {
  try {
    const [first = '', second = ''] = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    if (/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return false;
    return first.startsWith('tsgun: arbiter') || /\/(?:tsgun|cli\/main\.[jt]s)$/.test(second);
  } catch {
    return false;
  }
}

const running = (file: string, pid: number): TsgunError =>
  new TsgunError('TSGUN_E_PIDFILE', `Already running on PID ${pid} (pid file "${file}")`);

const unwritable = (file: string, cause: unknown): TsgunError =>
  new TsgunError('TSGUN_E_PIDFILE', `Cannot write the pid file "${file}": ${messageOf(cause)}`, {
    cause,
  });
