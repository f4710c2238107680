import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  checkConfigFile,
  findConfigFile,
  misplaced,
  readDataFile,
  toGiven,
} from '../../../src/cli/config-file.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { writeFiles } from '../../helpers/write-files.ts';

const asRoot = { skip: process.getuid?.() === 0 ? false : 'takes root' };

const isBad = (says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TsgunError);
  assert.equal(error.exitCode, 78);
  assert.match(error.message, says);
  return true;
};

test('the first default name that is there is the config file', (t) => {
  const dir = makeTempDir(t);
  assert.equal(findConfigFile(dir), null);
  for (const end of ['mts', 'ts', 'mjs', 'js', 'json', 'toml']) {
    writeFiles(dir, { [`tsgun.conf.${end}`]: '' });
    assert.equal(findConfigFile(dir), path.join(dir, `tsgun.conf.${end}`));
  }
});

const files: Record<string, string> = {
  'x.toml': '# workers = 9\nmax_requests = 5\n\nbind = [\n  ":1",\n]\n"workers" = 2\n',
  'x.json': '{\n  "max_requests": 5,\n\n  "bind": [":1"],\n\n\n  "workers": 2 }',
};

for (const [name, text] of Object.entries(files)) {
  test(`each setting of ${name} comes with its line`, async (t) => {
    const dir = writeFiles(makeTempDir(t), { [name]: text });
    const given = await readDataFile(path.join(dir, name), name);
    assert.deepEqual(
      given.map((one) => [one.name, one.raw, one.kind, one.origin]),
      [
        ['max_requests', 5, 'value', `${name}:2`],
        ['bind', [':1'], 'value', `${name}:4`],
        ['workers', 2, 'value', `${name}:7`],
      ],
    );
  });
}

const broken: Record<string, [name: string, text: string, place: RegExp]> = {
  'a TOML value': ['x.toml', 'workers = 1\nbind = = 2\n', /^x\.toml:2:8: \S/],
  'a TOML integer beyond all bounds': [
    'x.toml',
    'workers = 9223372036854775807',
    /^x\.toml:1:\d+: /,
  ],
  'a JSON token': ['x.json', '{\n "a": x\n}', /^x\.json:2:7: Unexpected token 'x'$/],
  'a JSON token far inside': [
    'x.json',
    `{\n${'"a": "x",\n'.repeat(5000)}"b": tru}`,
    /^x\.json:5002:9: Unexpected token '}'$/,
  ],
  'a JSON comma': ['x.json', '{\n "a": 1\n "b": 2\n}', /^x\.json:3:2: Expected ',' or '}'/],
  'a JSON comment': ['x.json', '{\n // no\n}', /^x\.json:2:2: /],
  'more after JSON': ['x.json', '{}\n}', /^x\.json:2:1: Unexpected non-whitespace character$/],
  'JSON that ends early': ['x.json', '{"a": [1,\n', /^x\.json:2:1: Unexpected end/],
  'empty JSON': ['x.json', '', /^x\.json:1:1: Unexpected end/],
  'JSON that is no object': ['x.json', '[1]', /^x\.json: expected settings by name$/],
};

for (const [what, [name, text, place]] of Object.entries(broken)) {
  test(`${what} that is wrong is told with its place`, async (t) => {
    const dir = writeFiles(makeTempDir(t), { [name]: text });
    await assert.rejects(readDataFile(path.join(dir, name), name), isBad(place));
  });
}

test('a table in TOML is refused as one, at its line', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'x.toml': 'workers = 1\n[server]\nthreads = 2\n' });
  const given = await readDataFile(path.join(dir, 'x.toml'), 'x.toml');
  assert.deepEqual(resolveSettings([given]).problems, [
    'x.toml:2: "server" is a table, but settings stand in none',
  ]);
});

test('a name in JSON cannot reach the prototype of anything', async (t) => {
  const dir = writeFiles(makeTempDir(t), { 'x.json': '{"__proto__": {"workers": 7}}' });
  const { settings, problems } = resolveSettings([
    await readDataFile(path.join(dir, 'x.json'), 'x.json'),
  ]);
  assert.equal(settings.workers, 1);
  assert.equal(problems.length, 1);
});

test('what is for the command line only is refused in a file, in each spelling', () => {
  const values = { config: 'x', check_config: true, 'print-config': true, daemon: true };
  assert.deepEqual(
    misplaced(toGiven(values, (name) => `f: ${name}`)).map((one) => one.split('"')[1]),
    ['config', 'check_config', 'print-config'],
  );
});

test('a config file that cannot be read is named with the cause', async (t) => {
  const dir = makeTempDir(t);
  mkdirSync(path.join(dir, 'folder.toml'));
  const missing = path.join(dir, 'x.toml');
  const notThere = isBad(/^Cannot read the config file "x\.toml": no such file \(ENOENT\)$/);
  assert.throws(() => checkConfigFile(missing, 'x.toml'), notThere);
  await assert.rejects(readDataFile(missing, 'x.toml'), notThere);
  assert.throws(
    () => checkConfigFile(path.join(dir, 'folder.toml'), 'folder.toml'),
    isBad(/"folder\.toml": it is no file$/),
  );
  assert.throws(() => checkConfigFile('/dev/zero', '/dev/zero'), isBad(/it is no file$/));
});

test('a config file larger than 1 MiB is refused', (t) => {
  const dir = writeFiles(makeTempDir(t), { 'x.toml': '' });
  const file = path.join(dir, 'x.toml');
  truncateSync(file, 1024 * 1024);
  checkConfigFile(file, 'x.toml');
  truncateSync(file, 1024 * 1024 + 1);
  assert.throws(() => checkConfigFile(file, 'x.toml'), isBad(/larger than 1 MiB/));
});

test('root does not trust a config file that others can write', asRoot, (t) => {
  const dir = writeFiles(makeTempDir(t), { 'x.toml': '' });
  const file = path.join(dir, 'x.toml');
  const refused = () =>
    assert.throws(
      () => checkConfigFile(file, 'x.toml'),
      isBad(/^Cannot trust .*"x\.toml" as root/),
    );
  checkConfigFile(file, 'x.toml');
  for (const mode of [0o646, 0o1646]) {
    chmodSync(file, mode);
    refused();
  }
  chmodSync(file, 0o664);
  checkConfigFile(file, 'x.toml');
  chownSync(file, 0, 65_534);
  refused();
  chownSync(file, 65_534, 0);
  chmodSync(file, 0o600);
  refused();
});

test('root does not trust a config file in a folder that others can write', asRoot, (t) => {
  const dir = writeFiles(makeTempDir(t), { 'x.toml': '' });
  const file = path.join(dir, 'x.toml');
  chmodSync(dir, 0o777);
  assert.throws(() => checkConfigFile(file, 'x.toml'), isBad(/can be written by others/));
  chmodSync(dir, 0o1777);
  checkConfigFile(file, 'x.toml');
  chownSync(dir, 65_534, 0);
  assert.throws(() => checkConfigFile(file, 'x.toml'), isBad(/can be written by others/));
});

test('root does not trust a link to where others can write', asRoot, (t) => {
  const dir = writeFiles(makeTempDir(t), { 'loose/x.toml': '', 'tight/y': '' });
  chmodSync(path.join(dir, 'loose'), 0o777);
  const link = path.join(dir, 'tight', 'x.toml');
  symlinkSync(path.join(dir, 'loose', 'x.toml'), link);
  assert.throws(() => checkConfigFile(link, 'x.toml'), isBad(/loose" can be written by others/));
});
