import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { writeDraft } from '../../../../src/cli/init/write-file.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';

test('writeDraft() shows nothing under the name of the file until it is published', (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'shop.toml');
  const draft = writeDraft(file, 'app = "x"\n');
  assert.match(path.basename(draft.path), /^\.shop-[0-9a-f]{12}\.toml$/);
  assert.deepEqual(readdirSync(dir), [path.basename(draft.path)]);
  draft.publish(false);
  draft.discard();
  assert.deepEqual(readdirSync(dir), ['shop.toml']);
  assert.equal(readFileSync(file, 'utf8'), 'app = "x"\n');
});

test('writeDraft() lets the second of two replace only if it may', (t) => {
  const dir = makeTempDir(t);
  const file = path.join(dir, 'shop.toml');
  const [first, second] = [writeDraft(file, '1'), writeDraft(file, '2')];
  first.publish(false);
  assert.throws(() => second.publish(false), /^TsgunError: ".*shop\.toml" is there already/);
  assert.equal(readFileSync(file, 'utf8'), '1');
  second.publish(true);
  assert.equal(readFileSync(file, 'utf8'), '2');
});

test('writeDraft() gives everybody the right to read, whatever the umask', (t) => {
  const dir = makeTempDir(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const draft = writeDraft(path.join(dir, 'a.toml'), '');
  assert.equal(statSync(draft.path).mode & 0o777, 0o644);
});

test('writeDraft() replaces a link, and not what it leads to', (t) => {
  const dir = writeFiles(makeTempDir(t), { 'secret.txt': 'secret' });
  symlinkSync('secret.txt', path.join(dir, 'a.toml'));
  const draft = writeDraft(path.join(dir, 'a.toml'), 'new');
  assert.throws(() => draft.publish(false), /is there already/);
  draft.publish(true);
  assert.equal(readFileSync(path.join(dir, 'secret.txt'), 'utf8'), 'secret');
  assert.equal(readFileSync(path.join(dir, 'a.toml'), 'utf8'), 'new');
});

test('writeDraft() says why it cannot write', (t) => {
  const dir = makeTempDir(t);
  mkdirSync(path.join(dir, 'a.toml'));
  assert.throws(() => writeDraft(path.join(dir, 'gone/a.toml'), ''), {
    code: 'TSGUN_E_SYSTEM',
    message: /^Cannot write ".*gone\/a\.toml": no such file or directory \(ENOENT\)$/,
  });
  const draft = writeDraft(path.join(dir, 'a.toml'), '');
  assert.throws(
    () => draft.publish(true),
    /^TsgunError: Cannot write ".*a\.toml": illegal operation/,
  );
});
