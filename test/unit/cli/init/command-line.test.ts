import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InitOptions, parseInitLine } from '../../../../src/cli/init/command-line.ts';
import { TsgunError } from '../../../../src/core/errors.ts';

const read = (...args: string[]): InitOptions => {
  const line = parseInitLine(args);
  if (line.kind !== 'options') throw new Error(line.text);
  return line.options;
};

const refusal = (...args: string[]): string => {
  try {
    read(...args);
  } catch (error) {
    assert.ok(error instanceof TsgunError);
    assert.equal(error.exitCode, 2);
    return error.message;
  }
  throw new Error('It was not refused');
};

test('parseInitLine() has a default for all but the name', () => {
  assert.deepEqual(read('shop'), {
    name: 'shop',
    app: '.',
    chdir: null,
    bind: [],
    workers: null,
    python: null,
    user: 'tsgun',
    output: null,
    force: false,
  });
});

test('parseInitLine() reads every option, before and behind the name', () => {
  const short = read('-a', '/srv/shop', '-b', ':80', '-b', 'unix:/x', 'shop', '-w', '3', '-f');
  assert.deepEqual(short.bind, [':80', 'unix:/x']);
  assert.equal(short.app, '/srv/shop');
  assert.equal(short.workers, '3');
  assert.equal(short.force, true);
  const long = read('shop', '--chdir=a', '--python', 'p', '--user', 'u', '--output', '-');
  assert.deepEqual([long.chdir, long.python, long.user, long.output], ['a', 'p', 'u', '-']);
});

test('parseInitLine() takes names that are good for a unit, a folder and a socket', () => {
  for (const name of ['a', 'shop', 'shop-2', 'eu_1.web', '9', 'x'.repeat(64)]) {
    assert.equal(read(name).name, name);
  }
  const bad = ['', '.', '..', '.a', 'a/b', 'a..b', 'a b', 'ä', 'a\n', 'a\\x2d', 'a:b'];
  for (const name of bad) assert.match(refusal('--', name), /is no name of an instance/);
  assert.match(refusal('x'.repeat(65)), /longer than 64/);
  assert.match(refusal('shop.toml'), /without its ending/);
  assert.match(refusal('tsgun@shop'), /only what follows the "@"/);
});

test('parseInitLine() says what it cannot read', () => {
  assert.match(refusal(), /^init: missing required argument "NAME", see "tsgun init --help"$/);
  assert.match(refusal('a', 'b'), /too many arguments/);
  assert.match(refusal('a', '--ap', 'x'), /unknown option "--ap", did you mean "--app"\?/);
  assert.match(refusal('a', '--bind'), /--bind.* argument missing/);
});

test('parseInitLine() prints help', () => {
  const line = parseInitLine(['--help']);
  assert.ok(line.kind === 'print');
  assert.match(line.text, /^Usage: tsgun init \[options\] <NAME>/);
  for (const row of line.text.split('\n')) assert.ok(row.length <= 80, row);
});
