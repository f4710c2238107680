import { access } from 'node:fs/promises';
import path from 'node:path';
import { formatDuration } from '../output/format.ts';
import { type Check, good, unknown, warn } from './check.ts';
import { readPackage } from './manifest.ts';
import { factsOf, type Patient } from './patient.ts';
import { readExecutable } from './processes.ts';

export function lookAtVersions(patient: Patient): readonly Check[] {
  const name = 'versions';
  const { version } = factsOf(patient).hello();
  const own = patient.manifest?.version;
  if (own === undefined) return [unknown(name, 'tsgunctl does not know its own version')];
  if (version === own) return [good(name, `tsgun and tsgunctl are ${own}`)];
  const message = `The instance runs tsgun ${version}, and tsgunctl is ${own}`;
  return [warn(name, message, `${patient.command} upgrade`)];
}

/** Of this program; libatomic is what the Node.js that comes along cannot start without. */
export async function lookAtClientNode({ manifest, root }: Patient): Promise<readonly Check[]> {
  const checks = [judgeNode('node of tsgunctl', process.versions.node, manifest?.pinnedNode)];
  const places = libraryFolders.map((folder) => path.join(root, folder, 'libatomic.so.1'));
  const found = await Promise.all(
    places.map((place) =>
      access(place).then(
        () => true,
        () => false,
      ),
    ),
  );
  const hint = 'install libatomic1 (apt-get install libatomic1)';
  checks.push(
    found.includes(true)
      ? good('libatomic', 'libatomic.so.1 is there')
      : warn('libatomic', 'libatomic.so.1 is missing: the pinned Node.js cannot start', hint),
  );
  return checks;
}

const libraryFolders = [
  'lib/x86_64-linux-gnu',
  'usr/lib/x86_64-linux-gnu',
  'lib/aarch64-linux-gnu',
  'usr/lib/aarch64-linux-gnu',
  'lib64',
  'usr/lib64',
  'usr/lib',
  'lib',
];

const removed = ' (deleted)';

export async function lookAtArbiterNode(patient: Patient): Promise<readonly Check[]> {
  const name = 'node of tsgun';
  const file = await readExecutable(patient.root, factsOf(patient).pid());
  if (file === null) return [unknown(name, 'Only root and its own user can see what it runs')];
  if (file.endsWith(removed)) {
    const message = `It runs ${file.slice(0, -removed.length)}, which was replaced since`;
    return [warn(name, message, `${patient.command} upgrade`)];
  }
  const version = await versionOf(file, patient.root);
  if (version === null) return [unknown(name, `It runs ${file}, whose version cannot be told`)];
  return [judgeNode(name, version, patient.manifest?.pinnedNode)];
}

/** It is not run to find out: it may be another user's. */
async function versionOf(file: string, root: string): Promise<string | null> {
  if (file === process.execPath) return process.versions.node;
  const manifest = await readPackage(path.join(root, path.dirname(file), '..'));
  const known = /^node(?:-|$)/.test(String(manifest?.['name'])) ? manifest?.['version'] : null;
  return typeof known === 'string' ? known : null;
}

function judgeNode(name: string, version: string, pinned: string | null | undefined): Check {
  if (!pinned) return good(name, `Node.js ${version}`);
  const same = version.split('.')[0] === pinned.split('.')[0];
  const message = `Node.js ${version}, and tested is ${pinned}`;
  return same ? good(name, message) : warn(name, message, 'run it with the pinned Node.js');
}

const notableMs = 2000;

/** Wall clock and monotonic clock have gone apart when somebody has set it, or the machine slept. */
export function lookAtClock(patient: Patient): readonly Check[] {
  const name = 'clock';
  const { startedAt, uptimeMs } = factsOf(patient).status();
  const jump = Date.now() - (startedAt + uptimeMs);
  if (Math.abs(jump) < notableMs) return [good(name, 'The clock has not jumped since the start')];
  const way = jump > 0 ? 'forward' : 'back';
  const message = `The clock has jumped ${way} by ${formatDuration(Math.abs(jump))} since the start, or the machine slept`;
  return [warn(name, message, 'look at the time service of the machine')];
}
