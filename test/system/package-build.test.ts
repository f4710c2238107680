import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { architectures } from '../../packaging/manifest.ts';
import { root } from '../helpers/start-tsgun.ts';
import { missingTools, tool } from '../helpers/tool.ts';

const architecture = architectures[process.arch];
const skip = architecture
  ? missingTools('dpkg-deb', 'rpmbuild', 'strip')
  : `there are no packages for ${process.arch}`;
const isRoot = process.getuid?.() === 0;
const { version }: { version: string } = JSON.parse(
  readFileSync(path.join(root, 'package.json'), 'utf8'),
);

let dir = '';
let deb = '';
let rpm = '';

/** Builds both packages and gives what was printed: their paths. */
function build(out: string, umask: string, env: NodeJS.ProcessEnv = {}): string[] {
  const script = `umask ${umask}; exec "$0" packaging/build.ts --fast --out "$1"`;
  const args = ['-C', root, 'sh', '-c', script, process.execPath, out];
  return tool('env', args, { SOURCE_DATE_EPOCH: '1795000000', ...env })
    .trim()
    .split('\n');
}

before(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tsgun-test-'));
  if (skip) return;
  [deb = '', rpm = ''] = build(path.join(dir, 'first'), '022');
  mkdirSync(path.join(dir, 'tree'));
  tool('dpkg-deb', ['-x', deb, path.join(dir, 'tree')]);
});
after(() => rmSync(dir, { recursive: true, force: true }));

const sha256 = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex');

test('a build prints the paths of what it made, and leaves nothing else', { skip }, () => {
  assert.ok(architecture);
  const names = [
    `tsgun-${version}-1.${architecture.rpm}.rpm`,
    `tsgun_${version}-1_${architecture.deb}.deb`,
  ];
  assert.deepEqual(readdirSync(path.join(dir, 'first')), names);
  assert.deepEqual(
    [rpm, deb].map((file) => path.basename(file)),
    names,
  );
});

test('two builds, under other umasks and elsewhere, have the same bytes', { skip }, () => {
  const env = { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' };
  const again = build(path.join(dir, 'a longer/place'), '077', env);
  assert.deepEqual(again.map(sha256), [deb, rpm].map(sha256));
});

test('a .deb of another version is one', { skip }, () => {
  const out = path.join(dir, 'other');
  const args = ['packaging/build.ts', 'deb', '--fast', '--version', '9.8.7-rc.1', '--out', out];
  const other = tool('env', ['-C', root, process.execPath, ...args]).trim();
  assert.equal(tool('dpkg-deb', ['-f', other, 'Version']), '9.8.7~rc.1-1\n');
  tool('dpkg-deb', ['-x', other, path.join(out, 'tree')]);
  const inside = path.join(out, 'tree/usr/lib/tsgun/dist/src/cli/main.js');
  assert.equal(tool(process.execPath, [inside, '--version']), '9.8.7-rc.1\n');
});

test('what is in the .deb has the sums, owners, modes and time that it should', { skip }, () => {
  const control = path.join(dir, 'control');
  tool('dpkg-deb', ['-e', deb, control]);
  const sums = path.join(control, 'md5sums');
  tool('env', ['-C', path.join(dir, 'tree'), 'md5sum', '--quiet', '--check', '--strict', sums]);
  const lines = tool('dpkg-deb', ['-c', deb]).trim().split('\n');
  const modes = lines.filter(
    (line) => !/^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) /.test(line),
  );
  assert.deepEqual(modes, []);
  const others = lines.filter((line) => !/^\S+ root\/root +\d+ 2026-11-18 /.test(line));
  assert.deepEqual(others, []);
  const programs = lines
    .filter((line) => line.startsWith('-rwx'))
    .map((line) => line.split(' ./')[1]);
  assert.deepEqual(programs, [
    'usr/bin/tsgun',
    'usr/bin/tsgunctl',
    'usr/lib/tsgun/bin/node',
    'usr/lib/tsgun/upgrade-instances',
  ]);
  const conffiles = readFileSync(path.join(control, 'conffiles'), 'utf8');
  const expected = [
    '/etc/default/tsgun',
    '/etc/logrotate.d/tsgun',
    '/etc/tsgun/example.toml.sample',
  ];
  assert.equal(conffiles, `${expected.join('\n')}\n`);
});

/** What is in one package only, or elsewhere in the other. */
const ownToFormat =
  /^\/usr\/share\/(lintian|licenses|zsh)\/|^\/usr\/share\/doc\/tsgun\/(copyright|changelog\.Debian\.gz)$/;

function listDeb(folder: string, below = ''): string[] {
  return readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = `${below}/${entry.name}`;
    const file = path.join(folder, name);
    if (entry.isDirectory()) return listDeb(folder, name);
    if (entry.isSymbolicLink()) return [`${name} link`];
    return [`${name} ${(lstatSync(file).mode & 0o7777).toString(8)} ${sha256(file)}`];
  });
}

test('the .rpm has the files of the .deb', { skip: skip || missingTools('rpm') }, () => {
  const format = '[%{FILENAMES} %{FILEMODES:octal} %{FILEDIGESTS}\\n]';
  const files = tool('rpm', ['-qp', '--qf', format, rpm])
    .trim()
    .split('\n')
    .filter((line) => !/ 40\d{3,4} *$/.test(line))
    .map((line) =>
      line
        .trimEnd()
        .replace(/ 100(\d{3}) /, ' $1 ')
        .replace(/ 120777$/, ' link'),
    );
  const shared = (list: readonly string[]) =>
    list.filter((line) => !ownToFormat.test(line.split(' ')[0] ?? '')).toSorted();
  assert.deepEqual(shared(files), shared(listDeb(path.join(dir, 'tree'))));
  assert.ok(files.length > 500);
  const own = files.filter((line) => !shared(files).includes(line));
  assert.deepEqual(
    own.map((line) => line.split(' ')[0]),
    [
      '/usr/share/licenses/tsgun/LICENSE',
      '/usr/share/licenses/tsgun/copyright',
      '/usr/share/zsh/site-functions/_tsgun',
      '/usr/share/zsh/site-functions/_tsgunctl',
    ],
  );
});

test('lintian has nothing to say', { skip: skip || missingTools('lintian') }, () => {
  // Debian's dpkg reads members that are compressed with zstd; its lintian does not know that.
  const quick = ['--suppress-tags', 'malformed-deb-archive'];
  const root = isRoot ? ['--allow-root'] : [];
  assert.equal(tool('lintian', ['--fail-on', 'error,warning', ...root, ...quick, deb]), '');
});

test('rpmlint has nothing to say', { skip: skip || missingTools('rpmlint') }, () => {
  const config = path.join(root, 'packaging/rpm/rpmlint.toml');
  assert.match(tool('rpmlint', ['-c', config, rpm]), /\b0 errors, 0 warnings\b/);
});

const noRpm = skip || missingTools('rpm') || (!isRoot && 'needs root');

test('rpm installs the .rpm into another root, finds all as it was, and removes it', {
  skip: noRpm,
}, () => {
  const other = path.join(dir, 'rpm root');
  mkdirSync(other);
  const call = (...args: string[]) => tool('rpm', ['--root', other, ...args]);
  call('-i', '--nodeps', '--noscripts', rpm);
  // Debian's rpm knows no users of the other root; all else is as it should be.
  assert.equal(call('-V', '--nodeps', '--noscripts', '--nouser', '--nogroup', 'tsgun'), '');
  assert.match(call('-qc', 'tsgun'), /^\/etc\/default\/tsgun\n\/etc\/logrotate\.d\/tsgun\n/m);
  call('-e', '--nodeps', '--noscripts', 'tsgun');
  const left = readdirSync(path.join(other, 'usr/lib'));
  assert.ok(!left.includes('tsgun'), left.join(' '));
});

test('the .rpm asks for what Node.js links to, and for nothing of Debian', {
  skip: skip || missingTools('rpm'),
}, () => {
  const requires = tool('rpm', ['-qp', '--requires', rpm]);
  for (const name of ['systemd', 'util-linux', 'libatomic.so.1', 'libstdc++.so.6', 'libc.so.6'])
    assert.ok(requires.includes(name), name);
  const glibc = [...requires.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  assert.ok(Math.max(...glibc) <= 28, 'RHEL 8 has 2.28');
  const provides = tool('rpm', ['-qp', '--provides', rpm]);
  assert.match(provides, /^bundled\(nodejs\) = \d/m);
  assert.doesNotMatch(provides, /\.node|lib.*\.so/);
});
