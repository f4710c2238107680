import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './start-tsgun.ts';

/** A package of this tree, and one that says it is older. */
export type Release = 'old' | 'new';

const versions: Readonly<Record<Release, readonly string[]>> = {
  old: ['--version', '0.0.9'],
  new: [],
};

/** Of one run of all tests: `test/run.ts` makes it and removes it. */
const folder = process.env['TSGUN_TEST_PACKAGES'];

/** The path of a .deb, built by whoever needs it first. */
export async function debOf(release: Release): Promise<string> {
  if (folder === undefined) throw new Error('Run system tests by: node test/run.ts system/');
  const out = path.join(folder, release);
  const build = [process.execPath, 'packaging/build.ts', 'deb', '--fast', '--out', out];
  const script = 'mkdir -p "$0" && exec flock "$0/.lock" sh -c \'ls "$0"/*.deb || exec "$@"\' "$@"';
  await promisify(execFile)('sh', ['-c', script, out, out, ...build, ...versions[release]], {
    cwd: root,
    timeout: 180_000,
  });
  const name = readdirSync(out).find((file) => file.endsWith('.deb'));
  if (name === undefined) throw new Error(`No .deb in ${out}`);
  return path.join(out, name);
}
