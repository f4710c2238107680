import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { writeFiles } from '../helpers/write-files.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Runs the project's own rules over a small tree and gives the names of those that fired. */
function check(dir: string): string[] {
  const depcruise = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [depcruise, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src'];
  try {
    const output = execFileSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
    return rules(output);
  } catch (error) {
    return rules(String((error as { stdout?: unknown }).stdout));
  }
}

const rules = (json: string): string[] =>
  JSON.parse(json).summary.violations.map(({ rule }: { rule: { name: string } }) => rule.name);

const violations: Record<string, { rule: string; files: Record<string, string> }> = {
  'an import upwards': {
    rule: 'layer-core',
    files: {
      'src/core/low.ts': "import { high } from '../arbiter/high.ts';\nexport const low = high;\n",
      'src/arbiter/high.ts': 'export const high = 1;\n',
    },
  },
  'a cycle': {
    rule: 'no-cycle',
    files: {
      'src/core/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
      'src/core/b.ts': "import { a } from './a.ts';\nexport const b = () => a;\n",
    },
  },
  'a process started elsewhere': {
    rule: 'only-here-spawn',
    files: { 'src/cli/x.ts': "import { spawn } from 'node:child_process';\nspawn('true');\n" },
  },
};

for (const [what, { rule, files }] of Object.entries(violations)) {
  test(`the layer rules fire on ${what}`, (t) => {
    const dir = makeTempDir(t);
    for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
      cpSync(path.join(root, name), path.join(dir, name));
    writeFiles(dir, { 'src/core/clean.ts': 'export const clean = 1;\n' });
    assert.deepEqual(check(dir), []);
    writeFiles(dir, files);
    assert.ok(check(dir).includes(rule));
  });
}
