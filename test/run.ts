import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

// Runs every test, or those whose path contains one of the arguments. With TSGUN_NO_SKIP=1 a
// skipped test is a failure: on a machine that has everything, none has a reason to skip. The tests
// of a level are all whose path contains `system/`, say.

const root = path.resolve(import.meta.dirname, '..');
const wanted = process.argv.slice(2);
const files = globSync('test/{unit,conformance,integration,system}/**/*.test.ts', { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  // The long ones first, so that they do not run alone at the end.
  .toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)))
  .map((file) => path.join(root, file));

function isLong(file: string): boolean {
  return /integration|system/.test(file);
}

if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(' ')}`);
  process.exit(1);
}

// Packages are built once for all, by the first test that needs one.
const packages = mkdtempSync(path.join(tmpdir(), 'tsgun-packages-'));
process.env['TSGUN_TEST_PACKAGES'] = packages;
process.once('exit', () => rmSync(packages, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));

const noSkip = process.env['TSGUN_NO_SKIP'] === '1';
const stream = run({
  files,
  concurrency: Math.max(2, availableParallelism()),
  timeout: 5 * 60_000,
});
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.on('test:pass', ({ name, skip }) => {
  if (!noSkip || skip === undefined) return;
  process.exitCode = 1;
  console.error(`Skipped, which is not allowed here: ${name} (${String(skip)})`);
});
const report = stream.compose(spec);
report.pipe(process.stdout);
await finished(report);
