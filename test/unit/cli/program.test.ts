import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine, splitWords } from '../../../src/cli/program.ts';
import { toKebab } from '../../../src/settings/names.ts';
import { settingNames } from '../../../src/settings/table.ts';

const parse = (...args: string[]) => {
  const line = parseCommandLine(args, '1.2.3');
  if (line.kind !== 'settings') throw new Error(line.text);
  return Object.fromEntries(line.given.map(({ name, raw }) => [name, raw]));
};

test('flags are taken in every form that people write', () => {
  for (const args of [['-w', '4'], ['-w4'], ['--workers', '4'], ['--workers=4']]) {
    assert.deepEqual(parse(...args, 'app.js'), { workers: '4', app: 'app.js' });
  }
});

test('a value may look like a flag', () => {
  assert.deepEqual(parse('--timeout', '-3'), { timeout: '-3' });
});

test('flags without a value are switched on, and off by --no', () => {
  assert.deepEqual(parse('--reload', '--no-capture-output'), {
    reload: 'true',
    captureOutput: 'false',
  });
});

test('names that Gunicorn gives its flags work as well', () => {
  assert.deepEqual(
    parse(
      '--access-logfile',
      '-',
      '--log-level',
      'debug',
      '--pid',
      'x',
      '--name',
      'n',
      '--keep-alive',
      '5',
    ),
    { accesslog: '-', loglevel: 'debug', pidfile: 'x', procName: 'n', keepalive: '5' },
  );
});

test('an unknown flag is a usage error with a hint', () => {
  assert.throws(() => parse('--wrokers', '2'), {
    code: 'TSGUN_E_USAGE',
    message: /unknown option "--wrokers", did you mean "--workers"\?/,
  });
  assert.throws(() => parse('a.js', 'b.js'), { code: 'TSGUN_E_USAGE' });
  assert.throws(() => parse('--workers'), { code: 'TSGUN_E_USAGE' });
});

test('the help names every setting within 80 columns', () => {
  const help = parseCommandLine(['--help'], '1.2.3');
  assert.equal(help.kind, 'print');
  const text = help.kind === 'print' ? help.text : '';
  for (const name of settingNames)
    if (name !== 'app') assert.match(text, new RegExp(`--${toKebab(name)}\\b`));
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
});

test('the version is printed', () => {
  assert.deepEqual(parseCommandLine(['--version'], '1.2.3'), { kind: 'print', text: '1.2.3\n' });
});

test('words are split as a shell does, without expansion', () => {
  assert.deepEqual(splitWords(` -w 4 --env 'A=b c' "x \\" y" a\\ b $HOME c"d"e '' `), [
    '-w',
    '4',
    '--env',
    'A=b c',
    'x " y',
    'a b',
    '$HOME',
    'cde',
    '',
  ]);
  assert.deepEqual(splitWords(''), []);
  assert.throws(() => splitWords('a "b'), { code: 'TSGUN_E_USAGE' });
});
