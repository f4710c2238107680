import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { findApp } from '../../../src/worker/find-app.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const manifest = (fields: object): string => JSON.stringify(fields);

interface Case {
  files: Record<string, string>;
  app: string;
  file: string;
  exportName?: string;
}

const found: Record<string, Case> = {
  'a file': { files: { 'app.js': '' }, app: 'app.js', file: 'app.js' },
  'a file in a folder above': { files: { 'app.js': '' }, app: './x/../app.js', file: 'app.js' },
  'a file without its extension': { files: { 'app.mts': '' }, app: 'app', file: 'app.mts' },
  'an export of a file': {
    files: { 'app.ts': '' },
    app: 'app.ts:handler',
    file: 'app.ts',
    exportName: 'handler',
  },
  'a file with a colon in its name': { files: { 'a:b': '' }, app: 'a:b', file: 'a:b' },
  'a folder by its main': {
    files: { 'site/package.json': manifest({ main: './lib/start' }), 'site/lib/start.js': '' },
    app: 'site',
    file: 'site/lib/start.js',
  },
  'a folder by its exports, which come before main': {
    files: {
      'site/package.json': manifest({ main: 'a.js', exports: { '.': { import: './b.mjs' } } }),
      'site/a.js': '',
      'site/b.mjs': '',
    },
    app: 'site',
    file: 'site/b.mjs',
  },
  'an export of a folder': {
    files: { 'site/package.json': manifest({ exports: './a.js' }), 'site/a.js': '' },
    app: 'site:web',
    file: 'site/a.js',
    exportName: 'web',
  },
  'a folder by a usual name': {
    files: { 'site/package.json': '{}', 'site/server.cjs': '' },
    app: 'site',
    file: 'site/server.cjs',
  },
  'the folder itself': { files: { 'index.js': '' }, app: '.', file: 'index.js' },
};

for (const [what, { files, app, file, exportName = null }] of Object.entries(found)) {
  test(`findApp() finds ${what}`, (t) => {
    const cwd = writeFiles(makeTempDir(t), files);
    assert.deepEqual(findApp(app, cwd), { file: path.join(cwd, file), exportName });
  });
}

const missing: Record<string, { files: Record<string, string>; app: string; says: RegExp }> = {
  'a file that is not there': {
    files: {},
    app: 'app.js',
    says: /^Cannot find the app "app\.js": no such file "\/.*\/app\.js"$/,
  },
  'an export of a file that is not there': {
    files: {},
    app: 'app.js:web',
    says: /^Cannot find the app "app\.js:web": no such file "\/.*\/app\.js"$/,
  },
  'a main file that is not there': {
    files: { 'site/package.json': manifest({ main: 'lost.js' }) },
    app: 'site',
    says: /its package\.json names "lost\.js", which is not there$/,
  },
  'a folder with nothing to run': { files: { 'site/readme': '' }, app: 'site', says: /no index$/ },
};

for (const [what, { files, app, says }] of Object.entries(missing)) {
  test(`findApp() explains ${what}`, (t) => {
    const cwd = writeFiles(makeTempDir(t), files);
    assert.throws(() => findApp(app, cwd), { code: 'TSGUN_E_APP_LOAD', message: says });
  });
}
