import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

// Runs every test, or those whose path contains one of the arguments; what follows a "!" it must not
// contain. With TSGUN_NO_SKIP=1 a skipped test is a failure: on a machine that has everything, none
// has a reason to skip. With TSGUN_TIMES=1 it tells which files took longest.

const root = path.resolve(import.meta.dirname, '..');
const parts = process.argv.slice(2);
const unwanted = parts.filter((part) => part.startsWith('!')).map((part) => part.slice(1));
const wanted = parts.filter((part) => !part.startsWith('!'));

const find = (level: string): string[] =>
  globSync(`test/${level}/**/*.test.ts`, { cwd: root })
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .filter((file) => !unwanted.some((part) => file.includes(part)));

/** Evenly among the others: boxes are big, and should not all be there at once. */
const mingle = (...lists: readonly string[][]): string[] =>
  lists
    .flatMap((list) => list.map((file, index) => ({ file, place: (index + 0.5) / list.length })))
    .toSorted((a, b) => a.place - b.place)
    .map(({ file }) => file);

// The long ones first, so that they do not run alone at the end.
const files = [
  ...mingle(find('system').toReversed(), find('integration')),
  ...find('conformance'),
  ...find('unit'),
];
if (files.length === 0) {
  console.error(`No test file matches ${parts.join(' ')}`);
  process.exit(1);
}

// Packages are built once for all, by the first test that needs one.
const packages = mkdtempSync(path.join(tmpdir(), 'tsgun-packages-'));
process.env['TSGUN_TEST_PACKAGES'] = packages;
process.once('exit', () => rmSync(packages, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));

const noSkip = process.env['TSGUN_NO_SKIP'] === '1';
const durations = new Map<string, number>();
const stream = run({
  files: files.map((file) => path.join(root, file)),
  concurrency: Math.max(2, availableParallelism()),
  timeout: 5 * 60_000,
});
stream.on('test:complete', ({ file = '', nesting, details }) => {
  if (nesting === 0) durations.set(file, (durations.get(file) ?? 0) + details.duration_ms);
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

if (process.env['TSGUN_TIMES'] === '1') {
  console.log('\nThe longest, in seconds:');
  for (const [file, ms] of [...durations].toSorted(([, a], [, b]) => b - a).slice(0, 40))
    console.log(`${(ms / 1000).toFixed(1).padStart(6)}  ${path.relative(root, file)}`);
}
