import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { architectures, type Format, items } from '../../../packaging/manifest.ts';

const root = path.resolve(import.meta.dirname, '../../..');

test('whatever is copied is there', () => {
  for (const { from } of items) {
    if ('file' in from) assert.ok(existsSync(path.join(root, from.file)), from.file);
    if ('tree' in from && !from.tree.startsWith('dist/'))
      assert.ok(existsSync(path.join(root, from.tree)), from.tree);
  }
});

for (const format of ['deb', 'rpm'] satisfies Format[]) {
  test(`no two things of a .${format} have one place, but folders`, () => {
    const ours = items.filter((item) => (item.format ?? format) === format);
    const files = ours.filter(({ from }) => !('tree' in from)).map(({ to }) => to);
    assert.deepEqual(files, [...new Set(files)]);
  });
}

test('what is in /etc is the configuration, and nothing else is', () => {
  for (const { to, config } of items) assert.equal(config ?? false, to.startsWith('/etc/'), to);
});

test('every unit, drop-in and completion is in the packages', () => {
  const trees = items.flatMap(({ from }) => ('tree' in from ? [from] : []));
  for (const folder of ['systemd', 'systemd/examples']) {
    const files = readdirSync(path.join(root, folder), { withFileTypes: true });
    const { only } = trees.find(({ tree }) => tree === folder) ?? { only: /^$/ };
    for (const { name } of files.filter((file) => file.isFile())) assert.match(name, only);
  }
  const copied = items.flatMap(({ from }) => ('file' in from ? [from.file] : []));
  for (const name of readdirSync(path.join(root, 'man/completions')))
    assert.ok(copied.includes(`man/completions/${name}`), name);
});

test('both kinds of processors have all their names', () => {
  assert.deepEqual(
    Object.values(architectures).map(({ deb, rpm, node }) => [deb, rpm, node]),
    [
      ['amd64', 'x86_64', 'x64'],
      ['arm64', 'aarch64', 'arm64'],
    ],
  );
});
