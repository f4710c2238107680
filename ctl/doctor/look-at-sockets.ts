import { lstat, readdir, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import path from 'node:path';
import { describeCause, errnoOf } from '../../src/core/errors.ts';
import { socketPathIn } from '../../src/protocol/control/places.ts';
import { formatNumber } from '../output/format.ts';
import { allOr, type Check, fail, good, Unclear, unknown, warn } from './check.ts';
import type { Patient } from './patient.ts';
import { quoteWord } from './quote-word.ts';

/** Who may connect to it is decided by its permissions first. */
export async function lookAtControlSocket(patient: Patient): Promise<readonly Check[]> {
  const name = 'control socket';
  const { socketPath } = patient;
  if (socketPath === null) return [unknown(name, 'Nobody has named one')];
  try {
    const found = await stat(socketPath);
    const folder = await stat(path.dirname(socketPath));
    if (!found.isSocket()) return [fail(name, `${socketPath} is no socket`)];
    const problems: Check[] = [];
    if ((found.mode & 0o002) !== 0 && !letsTwoGroupsIn(patient)) {
      const hint = 'set control_socket_mode to 600 or 660, and control_group';
      problems.push(fail(name, `Everybody may write to ${socketPath}`, hint));
    }
    // In a folder with the sticky bit nobody can replace what is another's.
    if ((folder.mode & 0o1002) === 0o002) {
      const parent = path.dirname(socketPath);
      const hint = `chmod o-w -- ${quoteWord(parent)}`;
      problems.push(fail(name, `Everybody may replace what is in ${parent}`, hint));
    }
    const mode = (found.mode & 0o777).toString(8).padStart(3, '0');
    const well = `${socketPath} has mode ${mode} and belongs to ${found.uid}:${found.gid}`;
    return allOr(problems, good(name, well));
  } catch (error) {
    const message = `Cannot look at "${socketPath}": ${describeCause(error)}`;
    return [errnoOf(error) === 'ENOENT' ? fail(name, message) : unknown(name, message)];
  }
}

/** A file has one group only: everybody may knock then, and the instance turns strangers away. */
function letsTwoGroupsIn({ facts }: Patient): boolean {
  try {
    const groups = ['control_group', 'control_read_group'].map((name) => facts?.setting(name));
    return groups.every((group) => typeof group === 'string') && groups[0] !== groups[1];
  } catch (error) {
    if (!(error instanceof Unclear)) throw error;
    return false; // it did not tell its settings
  }
}

/** Sockets in the run folders that nobody listens on: of instances that were killed. */
export async function lookForStaleSockets({ runDirs }: Patient): Promise<readonly Check[]> {
  const name = 'stale sockets';
  const places = (await Promise.all(runDirs.map(listSockets))).flat();
  const alive = await Promise.all(places.map(isServed));
  const found = places
    .filter((_, index) => alive[index] === false)
    .map((place) => warn(name, `Nobody listens on ${place}`, `rm -- ${quoteWord(place)}`));
  const count = alive.filter((one) => one === true).length;
  const well = `No stale socket in ${runDirs.join(' or ') || 'any run folder'}`;
  return allOr(found, good(name, `${well}, ${formatNumber(count, 'instance')} there`));
}

async function listSockets(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []); // not there, or not for us
  const places = names.map((name) => socketPathIn(folder, name));
  const kinds = await Promise.all(
    places.map((place) =>
      lstat(place).then(
        (found) => found.isSocket(),
        () => false,
      ),
    ),
  );
  return places.filter((_, index) => kinds[index]);
}

/** Null when it cannot be told: another user's, or too busy to answer. */
function isServed(place: string): Promise<boolean | null> {
  return new Promise((resolve) => {
    const socket = createConnection(place);
    const settle = (answer: boolean | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => settle(null));
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => settle(errnoOf(error) === 'ECONNREFUSED' ? false : null));
  });
}
