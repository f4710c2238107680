import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'smol-toml';
import { fillTemplate } from '../../../man/fill-template.ts';
import { makePages, pageNames } from '../../../man/pages.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { examplesOf, folder, readPage, sectionOf } from './read-page.ts';

const root = path.dirname(folder);
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

test('the committed pages are what their sources make', () => {
  for (const [name, text] of makePages(folder, version)) {
    assert.equal(readPage(name), text, `man/${name}: run "npm run generate"`);
  }
});

test('generate --check tells a page that is not, and generate makes it so', (t) => {
  const copy = makeTempDir(t);
  for (const name of ['man', 'src', 'package.json']) {
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  const generate = (...args: string[]) =>
    spawnSync(process.execPath, [path.join(copy, 'man/generate.ts'), ...args], {
      encoding: 'utf8',
    });
  assert.equal(generate().status, 0);
  assert.deepEqual([generate('--check').status, generate('--check').stderr], [0, '']);
  const page = path.join(copy, 'man/tsgunctl.1');
  const good = readFileSync(page, 'utf8');
  writeFileSync(page, good.replace('steer', 'stear'));
  const { status, stderr } = generate('--check');
  assert.equal(status, 1);
  assert.equal(stderr, 'man/tsgunctl.1 is not what its sources make: run "npm run generate"\n');
  assert.equal(generate().status, 0);
  assert.equal(readFileSync(page, 'utf8'), good);
});

const has = (program: string, ...args: string[]) => spawnSync(program, args).error === undefined;

for (const name of pageNames) {
  const file = path.join(folder, name);
  const lint = { skip: !has('mandoc', '-h') && 'mandoc is not installed' };
  test(`mandoc has nothing to say against ${name}`, lint, () => {
    const { status, stdout } = spawnSync('mandoc', ['-Tlint', file], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [0, '']);
  });
  const format = { skip: !has('groff', '-v') && 'groff is not installed' };
  test(`groff has nothing to say against ${name}`, format, () => {
    for (const device of ['utf8', 'ascii']) {
      const args = ['-man', '-ww', '-z', `-T${device}`, file];
      const { status, stderr } = spawnSync('groff', args, { encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
    }
  });
}

test('the TOML examples of tsgun.conf(5) are good settings', () => {
  const examples = examplesOf(readPage('tsgun.conf.5')).filter((text) => /^app = /m.test(text));
  assert.equal(examples.length, 3);
  for (const text of examples) {
    const given = Object.entries(parse(text)).map(([name, raw]) => ({
      name,
      raw,
      kind: 'value' as const,
      origin: name,
    }));
    assert.deepEqual(resolveSettings([given]).problems, []);
  }
});

test('the JSON examples of tsgunctl(1) are whole', () => {
  const examples = examplesOf(readPage('tsgunctl.1')).filter((text) => text.startsWith('{'));
  assert.equal(examples.length, 2);
  for (const text of examples) {
    const keys = ['v', 'ok', 'instance', 'op', 'tookMs', 'data', 'error'];
    assert.deepEqual(Object.keys(JSON.parse(text)), keys);
  }
});

test('the drop-ins of tsgun(8) have no directive that the units and their examples have not', () => {
  const units = path.join(root, 'systemd');
  const files = globSync('**/*.{conf,service,socket}', { cwd: units });
  const known = directivesOf(files.map((file) => readFileSync(path.join(units, file), 'utf8')));
  const dropIns = examplesOf(readPage('tsgun.8')).filter((text) => /^\[S/.test(text));
  assert.ok(dropIns.length > 4);
  for (const directive of directivesOf(dropIns)) assert.ok(known.has(directive), directive);
});

const directivesOf = (texts: readonly string[]): Set<string> =>
  new Set(texts.flatMap((text) => [...text.matchAll(/^\w+(?==)/gm)].map(String)));

test('every page begins with what it is, how it is called, and three examples', () => {
  for (const name of pageNames) {
    const page = readPage(name);
    const titles = [...page.matchAll(/^\.SH "(.*)"$/gm)].map(([, title]) => title);
    assert.deepEqual(titles.slice(0, 4), ['NAME', 'SYNOPSIS', 'EXAMPLES', 'DESCRIPTION'], name);
    assert.equal(titles.filter((title) => title === 'EXAMPLES').length, 1);
    assert.equal(sectionOf(page, 'EXAMPLES').filter((line) => line === '.EX').length, 3, name);
  }
});

test('no example is wider than a terminal', () => {
  const lines = pageNames.flatMap((name) => examplesOf(readPage(name)).join('').split('\n'));
  // Of 80 columns, four of a block within the margin of the page.
  assert.deepEqual(
    lines.filter((line) => line.length > 69),
    [],
  );
});

test('the shell examples are ones that a shell understands', () => {
  const pages = ['tsgunctl.1', 'tsgun.8', 'tsgun-rpc.7'].flatMap((name) =>
    examplesOf(readPage(name)),
  );
  // Not the JSON, the units, the Python and the session.
  const shell = pages.filter((text) => !/^(?:[{[<>#]|import |\w+ = )/.test(text));
  assert.ok(shell.length > 12);
  for (const text of shell) {
    const { status, stderr } = spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, ''], text);
  }
});

test('a hole that nothing fills, a filling without a hole and an unknown setting are errors', () => {
  assert.equal(fillTemplate('a\n{{x}}\nb ({{default timeout}})', { x: 'y' }), 'a\ny\nb (30 s)');
  assert.throws(() => fillTemplate('{{x}}', {}), /Nothing fills/);
  assert.throws(() => fillTemplate('x', { x: 'y' }), /do not fit: x/);
  assert.throws(() => fillTemplate('in {{x}} line', { x: 'y' }), /do not fit/);
  assert.throws(() => fillTemplate('{{default nothing}}', {}), /no setting "nothing"/);
});
