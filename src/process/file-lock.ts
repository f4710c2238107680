import { closeSync, constants, fstatSync, lstatSync, openSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from '../native/file-lock.ts';

const pauseMs = 20;
const tries = 250;

/**
 * Acts while no other process that locks the same file does. The file is gone afterwards; one that
 * a killed process has left behind stops nobody, because its lock went with that process.
 */
export async function withFileLock<T>(file: string, act: () => T | Promise<T>): Promise<T> {
  const fd = await acquire(file);
  try {
    return await act();
  } finally {
    rmSync(file, { force: true });
    closeSync(fd);
  }
}

async function acquire(file: string): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const fd = openAndLock(file);
    if (fd !== null) return fd;
    await delay(pauseMs);
  }
  throw new Error(`another process holds "${file}"`);
}

function openAndLock(file: string): number | null {
  const fd = openSync(file, constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW, 0o600);
  try {
    if (tryLock(fd) && isNameOf(file, fd)) return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return null;
}

/** Who held the lock before has removed the file that we had opened. */
function isNameOf(file: string, fd: number): boolean {
  const named = lstatSync(file, { throwIfNoEntry: false });
  const open = fstatSync(fd);
  return named?.ino === open.ino && named.dev === open.dev;
}
