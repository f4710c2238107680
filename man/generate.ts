import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCompletions } from './completion/completions.ts';
import { makePages } from './pages.ts';

// Writes the manual pages and the completions, which are committed. With --check it only says whether
// they are what it would write.

const isSource = import.meta.url.endsWith('.ts');
const root = path.join(import.meta.dirname, isSource ? '..' : '../..');
const folder = path.join(root, 'man');

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest))
    throw new Error('package.json has no version');
  return String(manifest.version);
}

function readFile(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

for (const [name, text] of [...makePages(folder, readVersion()), ...makeCompletions()]) {
  const file = path.join(folder, name);
  if (readFile(file) === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`man/${name} is not what its sources make: run "npm run generate"\n`);
    process.exitCode = 1;
  } else writeFileSync(file, text);
}
