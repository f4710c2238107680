import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readWithCommander } from '../../../../ctl/command-line/program.ts';
import { findVerbIndex, type RawLine } from '../../../../ctl/command-line/raw-line.ts';
import { readLine } from '../../../../ctl/command-line/read-line.ts';
import { readPlain } from '../../../../ctl/command-line/read-plain.ts';
import { globalOptions, longFlag, shortFlag } from '../../../../src/protocol/control/options.ts';
import { findVerb, verbNames } from '../../../../src/protocol/control/verb-list.ts';

/** As the program reads it. */
function read(line: string): RawLine {
  const words = line.split(' ').filter((word) => word !== '');
  const plain = readPlain(words);
  if (plain !== null) return plain;
  const reading = readLine(words);
  assert.equal(reading.kind, 'line', line);
  return reading.kind === 'line' ? reading.line : assert.fail();
}

const usage = (pattern: RegExp) => ({ code: 'TSGUN_E_USAGE', message: pattern });

test('readLine() takes a signed number as the value of scale, wherever it stands', () => {
  for (const line of ['scale -1', 'scale -- -1', 'scale -1 -i web', '-i web scale -1']) {
    assert.deepEqual(read(line).operands, ['-1'], line);
  }
  assert.deepEqual(read('scale +2').operands, ['+2']);
  assert.deepEqual(read('-o json scale -12 -v'), {
    verb: 'scale',
    operands: ['-12'],
    flags: { '--output': 'json', '--verbose': true },
  });
});

test('readLine() understands global flags before and after the verb, in every form', () => {
  const expected = { '--output': 'json', '--instance': 'web', '--verbose': true };
  for (const line of [
    '-o json -i web -v status',
    'status -o json -i web -v',
    '-ojson status -iweb -v',
    '--output=json status --instance=web --verbose',
    '-vojson status -i web',
    '-vo json status -i web',
  ]) {
    assert.deepEqual(read(line).flags, expected, line);
    assert.equal(read(line).verb, 'status', line);
  }
});

test('readLine() takes the word behind a flag as its value, whatever it looks like', () => {
  assert.deepEqual(read('reload --reason -v').flags, { '--reason': '-v' });
  assert.deepEqual(read('reload --reason status').flags, { '--reason': 'status' });
  assert.deepEqual(read('-i status workers'), {
    verb: 'workers',
    operands: [],
    flags: { '--instance': 'status' },
  });
});

test('readLine() knows the words of other programs', () => {
  const cases: Record<string, [string, string[]]> = {
    ls: ['list', []],
    ps: ['workers', []],
    incr: ['scale', ['+1']],
    'incr 3': ['scale', ['+3']],
    decr: ['scale', ['-1']],
    '-i web decr 2': ['scale', ['-2']],
    'config show': ['config', []],
    'config show workers': ['config', ['workers']],
    'config check': ['config-check', []],
    'config diff': ['config-diff', []],
    'config workers': ['config', ['workers']],
    reread: ['config-diff', []],
    update: ['reload', []],
    quit: ['stop', []],
    monit: ['top', []],
  };
  for (const [line, [verb, operands]] of Object.entries(cases)) {
    const found = read(line);
    assert.deepEqual([found.verb, found.operands], [verb, operands], line);
  }
});

test('readLine() says what is wrong, and what was probably meant', () => {
  const cases: Record<string, RegExp> = {
    relaod: /^unknown verb "relaod", did you mean "reload"\?$/,
    'reload --canry': /^unknown option "--canry", did you mean "--canary"\?$/,
    'status --canary': /^unknown option "--canary", see "tsgunctl status --help"$/,
    '--outptu json status': /did you mean "--output"\?$/,
    scale: /^WORKERS is missing, see "tsgunctl scale --help"$/,
    'scale 1 2': /^too many arguments for "scale": 1, 2,/,
    'reload --reason': /^--reason: a value has to follow,/,
    'status -o': /^--output: a value has to follow,/,
    restart: /^unknown verb "restart": that is "systemctl restart tsgun@NAME"$/,
    hello: /^unknown verb "hello"/,
    'help relaod': /did you mean "reload"\?$/,
    '-i': /^--instance: a value has to follow/,
    'status --no-wait=3': /^unknown option "--no-wait=3"/,
  };
  for (const [line, message] of Object.entries(cases)) {
    assert.throws(() => read(line), usage(message), line);
  }
});

test('help names every verb in its group, and each verb explains its flags', () => {
  const help = readLine(['--help']);
  assert.equal(help.kind, 'help');
  const text = help.kind === 'help' ? help.text : '';
  for (const verb of verbNames) assert.match(text, new RegExp(`^  ${verb}\\b`, 'm'));
  for (const group of ['Look:', 'Change:', 'One worker:', 'Follow:', 'Other:']) {
    assert.ok(text.includes(`\n${group}\n`), group);
  }
  assert.ok(!/^ {2}(ls|incr|quit)\b/m.test(text), 'aliases are not shown');
  for (const verb of verbNames) {
    const reading = readLine([verb, '--help']);
    const shown = reading.kind === 'help' ? reading.text : '';
    for (const { flags } of findVerb(verb)?.options ?? []) assert.ok(shown.includes(flags), flags);
    for (const { name } of findVerb(verb)?.arguments ?? []) assert.ok(shown.includes(name), name);
    assert.ok(text.split('\n').every((line) => line.length <= 80));
    assert.deepEqual(readLine(['help', verb]), reading);
  }
});

test('readPlain() reads nothing otherwise than commander does', () => {
  const flags = globalOptions.flatMap(({ flags }) => [longFlag(flags), shortFlag(flags) ?? '-x']);
  const word = fc.oneof(
    fc.constantFrom(...verbNames, ...flags, '--prove', '--canary', '--reason', '-f', '-n'),
    fc.constantFrom('-1', '+2', '4', '-', '--', '', 'web', '-o=json', '-vojson', 'x y', '--foo'),
  );
  let plain = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const read = readPlain(words);
      if (read === null) return;
      plain += 1;
      const verb = findVerb(words[findVerbIndex(words)] ?? '');
      const full = readWithCommander(words, verb);
      assert.deepEqual(full, { kind: 'line', line: read });
    }),
    { numRuns: 3000 },
  );
  assert.ok(plain > 100, `${plain} of them were plain`);
});
