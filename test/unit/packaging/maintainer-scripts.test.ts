import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const folder = path.resolve(import.meta.dirname, '../../../packaging/deb');

/** As dpkg calls it for a system in another folder. */
function call(script: string, args: readonly string[], root: string): void {
  const { status, stdout, stderr } = spawnSync('sh', [path.join(folder, script), ...args], {
    encoding: 'utf8',
    env: { ...process.env, DPKG_ROOT: root },
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout + stderr, '');
}

test('postrm purges what the instances have written, and not their configuration', (t) => {
  const root = writeFiles(makeTempDir(t), {
    'var/log/tsgun/web/access.log': '',
    'var/lib/tsgun/web/data': '',
    'var/cache/tsgun/web/data': '',
    'var/lib/private/tsgun/dynamic/data': '',
    'var/lib/private/other/data': '',
    'var/log/other.log': '',
    'etc/tsgun/web.toml': '',
  });
  const system = path.join(root, 'etc/systemd/system');
  for (const wants of ['multi-user.target.wants', 'tsgun.target.wants']) {
    mkdirSync(path.join(system, wants), { recursive: true });
    symlinkSync(
      '/lib/systemd/system/tsgun@.service',
      path.join(system, wants, 'tsgun@web.service'),
    );
  }
  symlinkSync('/lib/x.service', path.join(system, 'multi-user.target.wants/x.service'));

  call('postrm', ['remove'], root);
  assert.ok(existsSync(path.join(root, 'var/lib/tsgun/web/data')));
  call('postrm', ['purge'], root);
  assert.deepEqual(readdirSync(path.join(root, 'var/log')), ['other.log']);
  assert.deepEqual(readdirSync(path.join(root, 'var/lib')), ['private']);
  assert.deepEqual(readdirSync(path.join(root, 'var/lib/private')), ['other']);
  assert.deepEqual(readdirSync(path.join(root, 'var/cache')), []);
  assert.deepEqual(readdirSync(path.join(root, 'etc/tsgun')), ['web.toml']);
  assert.deepEqual(readdirSync(system), ['multi-user.target.wants']);
  assert.deepEqual(readdirSync(path.join(system, 'multi-user.target.wants')), ['x.service']);
});

test('postrm purges a system where nothing was ever started', (t) => {
  call('postrm', ['purge'], makeTempDir(t));
});

test('prerm removes what Python has compiled, and nothing else', (t) => {
  const root = writeFiles(makeTempDir(t), {
    'usr/lib/tsgun/src/python/tsgun_python/__pycache__/boot.pyc': '',
    'usr/lib/tsgun/src/python/tsgun_python/boot.py': '',
  });
  for (const args of [['upgrade', '2'], ['remove']]) call('prerm', args, root);
  const kept = readdirSync(path.join(root, 'usr/lib/tsgun/src/python/tsgun_python'));
  assert.deepEqual(kept, ['boot.py']);
});
