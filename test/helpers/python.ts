import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from './start-tsgun.ts';

export const pythonFixtures = path.join(root, 'test/fixtures/python');

const known = new Map<string, string | undefined>();

/** A Python that can import all of these; a first `python3` from elsewhere hides Debian's packages. */
export function findPython(...modules: readonly string[]): string | undefined {
  const code = `import sys; assert sys.version_info >= (3, 9); ${modules.map((name) => `import ${name};`).join(' ')}`;
  if (!known.has(code)) {
    const candidates = [process.env['TSGUN_TEST_PYTHON'], 'python3', '/usr/bin/python3'];
    const works = (python: string | undefined) =>
      python !== undefined && spawnSync(python, ['-c', code], { stdio: 'ignore' }).status === 0;
    known.set(code, candidates.find(works));
  }
  return known.get(code);
}

/** Why a test that needs these modules is skipped, for its `skip` option. */
export function needsPython(...modules: readonly string[]): string | false {
  if (findPython(...modules) !== undefined) return false;
  if (findPython() === undefined) return 'needs python3 (3.9 or later)';
  const missing = modules.filter((name) => findPython(name) === undefined);
  return `needs ${missing.map((name) => `python3-${name}`).join(' ')}`;
}

/** As `findPython`, for where `needsPython` has let the test run. */
export function pythonWith(...modules: readonly string[]): string {
  const python = findPython(...modules);
  if (python === undefined) throw new Error(String(needsPython(...modules)));
  return python;
}
