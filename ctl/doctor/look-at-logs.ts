import { constants, type StatsFs } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { describeCause, errnoOf } from '../../src/core/errors.ts';
import { formatBytes } from '../output/format.ts';
import { type Check, fail, good, unknown, warn } from './check.ts';
import { factsOf, type Patient } from './patient.ts';
import { readIds } from './processes.ts';

const name = 'logs';
const reopen = (command: string): string => `${command} reopen`;

/** Room for the error and the access log, and whether they are still there and can be written. */
export async function lookAtLogs(patient: Patient): Promise<readonly Check[]> {
  const facts = factsOf(patient);
  const pid = facts.pid();
  const named = [facts.setting('errorlog'), facts.setting('accesslog')];
  const files = [...new Set(named)].filter((file) => typeof file === 'string' && file !== '-');
  if (files.length === 0) return [good(name, 'No log is a file')];
  const owner = await readIds(patient.root, pid);
  const checks = files.map((file) => lookAtFile(String(file), patient, owner?.uid ?? null));
  return Promise.all(checks);
}

async function lookAtFile(file: string, patient: Patient, uid: number | null): Promise<Check> {
  const place = path.join(patient.root, file);
  try {
    const found = await stat(place);
    // Pipes and devices have no room to run out of.
    if (!found.isFile()) return good(name, `${file} is no regular file`);
    const room = judgeRoom(file, await statfs(place));
    if (room.verdict !== 'ok') return room;
    await checkWritable(place, uid);
    return room;
  } catch (error) {
    return describe(error, file, patient.command);
  }
}

/** Only who is the same user, or root, can say for the arbiter. */
async function checkWritable(place: string, uid: number | null): Promise<void> {
  const own = process.geteuid?.();
  if (own === 0 || own === uid) await access(place, constants.W_OK);
}

function describe(error: unknown, file: string, command: string): Check {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return warn(name, `${file} is gone, and what is logged with it`, reopen(command));
    case 'EROFS':
      return fail(name, `${file} is on a file system that cannot be written`);
    case 'EACCES':
      return unknown(name, `${file} cannot be seen by this user`);
    default:
      return unknown(name, `${file} cannot be looked at: ${describeCause(error)}`);
  }
}

const little = 256 * 1024 * 1024;
const nothing = 16 * 1024 * 1024;

/** By bytes and not by share: 1 % of a large disk is enough for long. */
export function judgeRoom(file: string, disk: Omit<StatsFs, 'type' | 'bfree'>): Check {
  const { bavail, blocks, bsize, ffree, files, frsize } = disk;
  const unit = frsize || bsize; // Node.js 22 knows only the second
  const free = bavail * unit;
  const text = `${file} has room for ${formatBytes(free)} more`;
  const hint = 'rotate or move the logs';
  // Some file systems count no files.
  if (files > 0 && ffree === 0) return fail(name, `${file}: no file can be made any more`, hint);
  const small = blocks * unit < little * 4;
  if (free < nothing) return fail(name, text, hint);
  return free < little && !small ? warn(name, text, hint) : good(name, text);
}
