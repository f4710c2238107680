import assert from 'node:assert/strict';
import { closeSync, linkSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { TsgunError } from '../../../src/core/errors.ts';
import { createLogFile, openLogFile } from '../../../src/log/log-file.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const rootOnly = { skip: process.getuid?.() !== 0 && 'needs root' };
const nobody = { uid: 65534, gid: 65534 };

test('openLogFile() makes a file that others may not read, and appends to one that is there', (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  closeSync(openLogFile(file));
  assert.equal(statSync(file).mode & 0o777, 0o640);
  writeFileSync(file, 'before\n');
  const fd = openLogFile(file);
  writeFileSync(fd, 'after\n');
  closeSync(fd);
  assert.equal(readFileSync(file, 'utf8'), 'before\nafter\n');
});

test('openLogFile() says why it cannot', (t) => {
  const dir = makeTempDir(t);
  assert.throws(
    () => openLogFile(path.join(dir, 'no', 'a.log')),
    (error) =>
      error instanceof TsgunError &&
      error.code === 'TSGUN_E_LOG' &&
      error.message ===
        `Cannot open log file "${dir}/no/a.log": no such file or directory (ENOENT)`,
  );
  assert.throws(() => openLogFile(dir), /: illegal operation on a directory \(EISDIR\)$/);
});

test('createLogFile() gives the file to its owner', rootOnly, (t) => {
  const file = path.join(makeTempDir(t), 'a.log');
  createLogFile(file, nobody);
  assert.equal(statSync(file).uid, nobody.uid);
  assert.equal(statSync(file).gid, nobody.gid);
});

test('createLogFile() gives nothing away that a link leads to', rootOnly, (t) => {
  const dir = makeTempDir(t);
  const secret = path.join(dir, 'secret');
  writeFileSync(secret, 'x');
  symlinkSync(secret, path.join(dir, 'symbolic.log'));
  linkSync(secret, path.join(dir, 'hard.log'));
  symlinkSync(path.join(dir, 'made'), path.join(dir, 'dangling.log'));
  for (const name of ['symbolic.log', 'hard.log', 'dangling.log']) {
    createLogFile(path.join(dir, name), nobody);
  }
  assert.equal(statSync(secret).uid, 0);
  assert.equal(statSync(path.join(dir, 'made')).uid, 0);
});
