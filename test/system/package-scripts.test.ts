import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { root } from '../helpers/start-tsgun.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTools, tool } from '../helpers/tool.ts';
import { writeFiles } from '../helpers/write-files.ts';

const folder = path.join(root, 'packaging');
const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

const scripts = [
  ...['tsgun', 'tsgunctl', 'upgrade-instances'].map((name) => `common/${name}`),
  ...['postinst', 'postrm', 'prerm'].map((name) => `deb/${name}`),
];
const noShellcheck = missingTools('shellcheck');

test('the scripts of the packages are portable and clean', { skip: noShellcheck }, () => {
  for (const name of scripts) {
    assert.match(read(name), /^#!\/bin\/sh\n/, name);
    tool('shellcheck', [path.join(folder, name)]);
  }
});

/** `%post` and the like, until the next of them. */
const scriptlets = [...read('rpm/tsgun.spec.in').matchAll(/^%(\w+)\n((?:(?!%|@).*\n)*)/gm)]
  .filter(([, name = '']) => /^(post|pre)/.test(name))
  .map(([, name = '', text = '']) => ({ name, text }));

test('so are the scriptlets of the .rpm', { skip: noShellcheck }, (t) => {
  const dir = makeTempDir(t);
  assert.deepEqual(
    scriptlets.map(({ name }) => name),
    ['post', 'preun', 'postun', 'posttrans'],
  );
  for (const { name, text } of scriptlets) {
    writeFileSync(path.join(dir, name), `#!/bin/sh\n${text}`);
    tool('shellcheck', [path.join(dir, name)]);
    const commands = text
      .split('\n')
      .filter((line) => /^\t*(systemctl|systemd-|rm|find)/.test(line));
    for (const line of commands) assert.match(line, /\|\| :$/, 'a scriptlet must not fail');
  }
});

test('logrotate understands its file, and what it runs is clean', { skip: noShellcheck }, (t) => {
  const postrotate = /postrotate\n(.*?)\n\tendscript/s.exec(read('common/logrotate'))?.[1] ?? '';
  const file = path.join(makeTempDir(t), 'postrotate');
  writeFileSync(file, `#!/bin/sh\n${postrotate}\n`);
  tool('shellcheck', [file]);
  assert.match(postrotate, /reopen/);
});

/** A launcher, with what it launches in a folder of the test. */
function launch(t: TestContext, name: string, env: Record<string, string>): string {
  const dir = writeFiles(makeTempDir(t), {
    'bin/node': '#!/bin/sh\necho "$@"\nenv | grep NODE_OPTIONS | sort\n',
    launcher: read(`common/${name}`).replaceAll('/usr/lib/tsgun', '.'),
  });
  chmodSync(path.join(dir, 'bin/node'), 0o755);
  const { stdout, stderr } = spawnSync('sh', ['launcher', 'a b', '$c'], {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
  return stdout + stderr;
}

test('tsgun keeps NODE_OPTIONS for the workers', (t) => {
  const line = './dist/src/cli/main.js a b $c\n';
  assert.equal(launch(t, 'tsgun', {}), line);
  const env = { NODE_OPTIONS: '--max-old-space-size=99' };
  assert.equal(launch(t, 'tsgun', env), `${line}TSGUN_NODE_OPTIONS=--max-old-space-size=99\n`);
  assert.equal(launch(t, 'tsgun', { NODE_OPTIONS: '' }), `${line}TSGUN_NODE_OPTIONS=\n`);
});

test('tsgunctl takes no options of Node.js, and makes no machine code', (t) => {
  const line = '--jitless ./dist/ctl/main.js a b $c\n';
  assert.equal(launch(t, 'tsgunctl', { NODE_OPTIONS: '--require x' }), line);
});
