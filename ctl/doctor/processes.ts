import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

/** Null for what is not there or not ours to read. */
export async function readText(...parts: readonly string[]): Promise<string | null> {
  try {
    return await readFile(path.join(...parts), 'utf8');
  } catch {
    return null;
  }
}

export async function readNumber(...parts: readonly string[]): Promise<number | null> {
  const text = (await readText(...parts))?.trim();
  return text !== undefined && /^-?\d{1,19}$/.test(text) ? Number(text) : null;
}

const inProc = (root: string, pid: number, file: string): Promise<string | null> =>
  readText(root, 'proc', String(pid), file);

/** A pid means another process in another namespace, so its title has to say that it is ours. */
export async function isArbiter(root: string, pid: number): Promise<boolean> {
  const title = await inProc(root, pid, 'cmdline');
  return title?.startsWith('tsgun: arbiter') === true;
}

/** The soft limit, which is the one that counts; infinity for none. */
export async function readOpenFilesLimit(root: string, pid: number): Promise<number | null> {
  const limits = await inProc(root, pid, 'limits');
  const soft = /^Max open files +(\d+|unlimited)/m.exec(limits ?? '')?.[1];
  if (soft === undefined) return null;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

export interface Ids {
  uid: number;
  gid: number;
}

/** The effective ones. */
export async function readIds(root: string, pid: number): Promise<Ids | null> {
  const status = (await inProc(root, pid, 'status')) ?? '';
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  const gid = /^Gid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** The program that it runs; only its own user and root may know. */
export async function readExecutable(root: string, pid: number): Promise<string | null> {
  try {
    return await readlink(path.join(root, 'proc', String(pid), 'exe'));
  } catch {
    return null;
  }
}

/** Bytes that are free or can be made so. */
export async function readAvailableMemory(root: string): Promise<number | null> {
  const found = /^MemAvailable: +(\d+) kB$/m.exec((await readText(root, 'proc/meminfo')) ?? '');
  return found?.[1] === undefined ? null : Number(found[1]) * 1024;
}
