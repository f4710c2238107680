import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  listPlaces,
  nameOfSocket,
  placesOf,
  runFolders,
} from '../../../../ctl/instances/folders.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';

test('runFolders() puts what the user would start first', () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/7' };
  assert.deepEqual(runFolders(env, 7), ['/run/user/7/tsgun', '/run/tsgun']);
  assert.deepEqual(runFolders(env, 0), ['/run/tsgun', '/run/user/7/tsgun']);
  assert.deepEqual(runFolders({}, 7), ['/run/tsgun']);
  assert.deepEqual(runFolders({ TSGUN_RUN_DIR: '/x' }, 7), ['/x']);
});

test('placesOf() refuses names that lead elsewhere', () => {
  for (const name of ['', '.', '..', '../x', 'a/b', 'a..b', '/etc', 'a\0b']) {
    assert.throws(() => placesOf(['/run/tsgun'], name), { code: 'TSGUN_E_USAGE' }, name);
  }
  assert.deepEqual(placesOf(['/run/tsgun'], 'web@2.x'), [
    { name: 'web@2.x', socketPath: '/run/tsgun/web@2.x/control.sock' },
  ]);
});

test('listPlaces() sees folders and links, and no folder is no failure', (t) => {
  const dir = makeTempDir(t);
  mkdirSync(path.join(dir, 'web'));
  mkdirSync(path.join(dir, 'api'));
  symlinkSync('private/shop', path.join(dir, 'shop'));
  writeFileSync(path.join(dir, 'file'), '');
  assert.deepEqual(
    listPlaces([dir, path.join(dir, 'nope'), path.join(dir, 'file')]).map(({ name }) => name),
    ['api', 'shop', 'web'],
  );
});

test('nameOfSocket() knows a name only in a run folder', () => {
  const folders = ['/run/tsgun'];
  assert.equal(nameOfSocket('/run/tsgun/web/control.sock', folders), 'web');
  assert.equal(nameOfSocket('/run/tsgun/web/other.sock', folders), null);
  assert.equal(nameOfSocket('/srv/web/control.sock', folders), null);
});
