import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

// Runs every test, or those whose path contains one of the arguments. With TSGUN_NO_SKIP=1 a
// skipped test is a failure: on a machine that has everything, none has a reason to skip.

const root = path.resolve(import.meta.dirname, '..');
const wanted = process.argv.slice(2);
const files = globSync('test/{unit,conformance,integration}/**/*.test.ts', { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  // The long ones first, so that they do not run alone at the end.
  .toSorted((a, b) => Number(b.includes('integration')) - Number(a.includes('integration')))
  .map((file) => path.join(root, file));

if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(' ')}`);
  process.exit(1);
}

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
