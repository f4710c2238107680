import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommandLine, splitWords } from '../../../src/cli/program.ts';
import { TsgunError } from '../../../src/core/errors.ts';
import { toKebab } from '../../../src/settings/names.ts';
import { sections, settingNames } from '../../../src/settings/table.ts';

/** What a command line gives, as `[name, raw, origin]`. */
function read(args: readonly string[], origin?: string): unknown[] {
  const line = parseCommandLine(args, '1.2.3', origin);
  assert.equal(line.kind, 'settings');
  return line.kind === 'settings' ? line.given.map((one) => [one.name, one.raw, one.origin]) : [];
}

function print(flag: string): string {
  const line = parseCommandLine([flag], '1.2.3');
  return line.kind === 'print' ? line.text : assert.fail('printed nothing');
}

const refuses = (args: readonly string[], says: RegExp, origin?: string) =>
  assert.throws(
    () => parseCommandLine(args, '1', origin),
    (error) => error instanceof TsgunError && error.exitCode === 2 && says.test(error.message),
    JSON.stringify(args),
  );

test('a command line without flags gives no settings', () => {
  assert.deepEqual(read([]), []);
});

test('a value can be given in each way that shells know', () => {
  for (const args of [['-w', '4'], ['-w4'], ['-w=4'], ['--workers', '4'], ['--workers=4']])
    assert.deepEqual(read(args), [['workers', '4', '--workers']], args.join(' '));
});

test('a value may look like a flag', () => {
  assert.deepEqual(read(['--node-args', '--inspect']), [['nodeArgs', '--inspect', '--node-args']]);
  assert.deepEqual(read(['-e', '-A=1']), [['rawEnv', '-A=1', '--raw-env']]);
});

test('a value may begin with an equals sign of its own', () => {
  assert.deepEqual(read(['-c', '=x']), [['config', '=x', '--config']]);
});

test('flags that repeat give one value each', () => {
  assert.deepEqual(read(['-b', ':1', '--bind=:2', '-b=:3', '-eA=1']), [
    ['bind', ':1', '--bind'],
    ['bind', ':2', '--bind'],
    ['bind', ':3', '--bind'],
    ['rawEnv', 'A=1', '--raw-env'],
  ]);
});

test("Gunicorn's names of flags are known", () => {
  const flags = {
    '--access-logfile': 'accesslog',
    '--access-logformat': 'accessLogFormat',
    '--error-logfile': 'errorlog',
    '--log-file': 'errorlog',
    '--log-level': 'loglevel',
    '--pid': 'pidfile',
    '--name': 'procName',
    '--env': 'rawEnv',
    '--keep-alive': 'keepalive',
    '--limit-request-field_size': 'limitRequestFieldSize',
    '--reload-extra-file': 'reloadExtraFiles',
  };
  for (const [flag, name] of Object.entries(flags))
    assert.deepEqual(read([flag, 'x']), [[name, 'x', flag]]);
});

test('a switch can be switched on and off', () => {
  assert.deepEqual(read(['-D', '--no-daemon', '--no-capture-output']), [
    ['daemon', 'true', '--daemon'],
    ['daemon', 'false', '--no-daemon'],
    ['captureOutput', 'false', '--no-capture-output'],
  ]);
});

test('the app is the only argument', () => {
  for (const args of [['a.js'], ['a.js', '--'], ['--', 'a.js']])
    assert.deepEqual(read(args), [['app', 'a.js', 'argument APP']]);
  refuses(['a.js', 'b.js'], /too many arguments.*a\.js, b\.js, see "tsgun --help"$/);
});

test('an unknown flag is refused with the one that was meant', () => {
  refuses(['--wrokers', '3'], /"--wrokers", did you mean "--workers"\?$/);
  refuses(['--wrokers=3'], /did you mean "--workers"\?$/);
  refuses(['--access-logfil', 'x'], /did you mean "--access-logfile"\?$/);
  refuses(['--banana'], /"--banana", see "tsgun --help"$/);
  refuses(['-z'], /"-z"/);
  refuses(['--workers'], /argument missing/);
});

test('a flag of Gunicorn that tsgun lacks is not taken for another', () => {
  for (const flag of ['--paste', '--certfile=x', '--statsd-host', '--proxy-protocol'])
    refuses([flag], /of Gunicorn, not supported by tsgun$/);
});

test('another origin takes the place of the flags, in errors as well', () => {
  assert.deepEqual(read(['-w4', 'a.js'], 'TSGUN_CMD_ARGS'), [
    ['workers', '4', 'TSGUN_CMD_ARGS'],
    ['app', 'a.js', 'TSGUN_CMD_ARGS'],
  ]);
  refuses(['--wrokers'], /^TSGUN_CMD_ARGS: .*"--workers"/, 'TSGUN_CMD_ARGS');
  refuses(['--help'], /^TSGUN_CMD_ARGS: /, 'TSGUN_CMD_ARGS');
  refuses(['-v'], /^TSGUN_CMD_ARGS: /, 'TSGUN_CMD_ARGS');
});

test('the help names every setting in its section and fits 80 columns', () => {
  const help = print('--help');
  for (const line of help.split('\n')) assert.ok(line.length <= 80, line);
  for (const name of settingNames.filter((one) => one !== 'app'))
    assert.match(help, new RegExp(` --${toKebab(name)}[ \\n]`), name);
  for (const section of Object.keys(sections)) assert.match(help, new RegExp(`^${section}:$`, 'm'));
  assert.match(help, /^ {2}-w, --workers <INT\|auto> .*\n? .*\[1\]/m);
});

test('splitWords splits like a shell and expands nothing', () => {
  const lines: Record<string, string[]> = {
    '': [],
    '  ': [],
    '-w 4  --bind=:80\n': ['-w', '4', '--bind=:80'],
    "-e 'A=1 2'": ['-e', 'A=1 2'],
    '-e "A=1 2"': ['-e', 'A=1 2'],
    'A\\ B': ['A B'],
    '"a \\"b\\" \\n"': ['a "b" \\n'],
    "'a \\'": ['a \\'],
    'x\'\'y""z': ['xyz'],
    "''": [''],
    '$HOME `id` ~ *': ['$HOME', '`id`', '~', '*'],
  };
  for (const [line, words] of Object.entries(lines))
    assert.deepEqual(splitWords(line), words, line);
});

test('splitWords refuses a quote that is not closed', () => {
  for (const line of ["-w '4", 'a "b', 'a"b\\"', '\\']) {
    assert.throws(
      () => splitWords(line),
      (error) => error instanceof TsgunError && error.exitCode === 2,
      line,
    );
  }
});

test('splitWords gives back what was quoted', () => {
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
      assert.deepEqual(splitWords(words.map(quote).join(' ')), words);
    }),
  );
});
