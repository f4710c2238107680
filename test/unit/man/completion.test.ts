import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeCompletions } from '../../../man/completion/completions.ts';
import { flags, initFlags } from '../../../man/completion/flags.ts';
import { parseInitLine } from '../../../src/cli/init/command-line.ts';
import { toKebab } from '../../../src/settings/names.ts';
import { settingNames } from '../../../src/settings/table.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { missingTerminal, openTerminal } from '../../helpers/terminal.ts';
import { writeFiles } from '../../helpers/write-files.ts';
import { folder } from './read-page.ts';

test('the committed completions are what their sources make', () => {
  for (const [name, text] of makeCompletions()) {
    const committed = readFileSync(path.join(folder, name), 'utf8');
    assert.equal(committed, text, `man/${name}: run "npm run generate"`);
  }
});

test('every setting is a flag in every script', () => {
  const expected = settingNames.filter((name) => name !== 'app').map((name) => toKebab(name));
  const known = flags.map(({ forms }) => forms.at(-1));
  for (const name of expected) assert.ok(known.includes(`--${name}`), name);
  for (const [file, script] of makeCompletions()) {
    for (const name of [...expected, 'help', 'version']) {
      const written = file.endsWith('.fish') ? `-l ${name}` : `--${name}`;
      assert.match(script, new RegExp(`${written}(?![\\w-])`), file);
    }
  }
});

test('every option of tsgun init is known, with its letter and whether it takes a value', () => {
  const line = parseInitLine(['--help']);
  assert.ok(line.kind === 'print');
  const shown = [...line.text.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)( <\w+>)?/gm)];
  assert.ok(shown.length > 5);
  assert.deepEqual(
    shown.map(([, short, long, value]) => [short, long, value !== undefined]),
    initFlags.map(({ forms, value }) => [
      forms.length > 1 ? forms[0] : undefined,
      forms.at(-1),
      value !== null,
    ]),
  );
});

interface Place {
  dir: string;
  env: Record<string, string>;
}

function prepare(t: TestContext): Place {
  const dir = makeTempDir(t);
  writeFiles(dir, {
    ...Object.fromEntries(makeCompletions()),
    'work/app.py': '',
    'work/assets/logo.svg': '',
    'work/conf/shop one.toml': '',
    'work/$(touch owned)': '',
  });
  return { dir, env: { PATH: process.env['PATH'] ?? '', HOME: dir } };
}

/** What bash makes of a line, with its own splitting of words. */
function completeInBash({ dir, env }: Place, line: string): string[] {
  const words = line
    .split(/(?<=\s)|(?=\s)|(?<=[=:])|(?=[=:])/)
    .filter((word) => word.trim() !== '');
  if (/\s$/.test(line)) words.push('');
  const script = `set -u; source ${dir}/completions/tsgun.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsgun tsgun
    [ \${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = spawnSync('bash', ['--norc', '--noprofile', '-c', script, 'bash', ...words], {
    cwd: path.join(dir, 'work'),
    env,
    encoding: 'utf8',
  });
  assert.equal(bash.stderr, '');
  return bash.stdout.split('\n').filter(Boolean);
}

test('bash completes flags, their values and the app', (t) => {
  const place = prepare(t);
  assert.deepEqual(completeInBash(place, 'tsgun --worker-c'), [
    '--worker-class',
    '--worker-connections',
  ]);
  assert.deepEqual(completeInBash(place, 'tsgun --worker-class g'), ['gthread', 'gevent']);
  assert.deepEqual(completeInBash(place, 'tsgun --loglevel='), [
    'debug',
    'info',
    'warning',
    'error',
    'critical',
  ]);
  assert.deepEqual(completeInBash(place, 'tsgun --log-level=w'), ['warning']);
  assert.deepEqual(completeInBash(place, 'tsgun -w '), ['auto']);
  assert.deepEqual(completeInBash(place, 'tsgun -u roo'), ['root']);
  assert.deepEqual(completeInBash(place, 'tsgun -w 4 a').toSorted(), ['app.py', 'assets']);
  assert.deepEqual(completeInBash(place, 'tsgun --chdir ').toSorted(), ['assets', 'conf']);
  assert.deepEqual(completeInBash(place, 'tsgun -c conf/s'), ['conf/shop one.toml']);
  assert.deepEqual(completeInBash(place, 'tsgun in'), ['init']);
  assert.deepEqual(completeInBash(place, 'tsgun init shop --f'), ['--force']);
  assert.deepEqual(completeInBash(place, 'tsgun init shop --app a').toSorted(), [
    'app.py',
    'assets',
  ]);
  assert.deepEqual(completeInBash(place, 'tsgun -w 4 in'), []);
});

test('bash offers nothing where nothing can be known, and runs nothing that a file is called', (t) => {
  const place = prepare(t);
  for (const line of ['tsgun --timeout ', 'tsgun -b 0.0.0.0:', 'tsgun -b 0.0.0.0:8', 'tsgun app:a'])
    assert.deepEqual(completeInBash(place, line), [], line);
  assert.deepEqual(completeInBash(place, 'tsgun $'), ['$(touch owned)']);
  assert.ok(!completeInBash(place, 'tsgun ').includes('owned'));
});

const hasShell = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

test('fish takes the script', { skip: !hasShell('fish') && 'fish is not installed' }, (t) => {
  const { dir, env } = prepare(t);
  const script = `source ${dir}/completions/tsgun.fish; complete -C $argv[1]`;
  const ask = (line: string) => {
    const options = { cwd: path.join(dir, 'work'), env, encoding: 'utf8' } as const;
    const fish = spawnSync('fish', ['--no-config', '-c', script, line], options);
    assert.equal(fish.stderr, '');
    return fish.stdout;
  };
  assert.match(ask('tsgun --worker-c'), /^--worker-class\tKind of workers/m);
  assert.match(ask('tsgun -k g'), /^gthread\t/m);
  assert.match(ask('tsgun --chdir '), /^assets\/(?:\t|$)/m);
  assert.match(ask('tsgun -u roo'), /^root\t?/m);
  assert.match(ask('tsgun a'), /^app\.py$/m);
  assert.doesNotMatch(ask('tsgun --timeout '), /app/);
  assert.match(ask('tsgun in'), /^init\t/m);
  assert.match(ask('tsgun init shop --f'), /^--force\t/m);
  assert.doesNotMatch(ask('tsgun init shop --work'), /--worker-class/);
});

const zsh = missingTerminal() ?? (!hasShell('zsh') && 'zsh is not installed');

test('a zsh that somebody types into completes', { skip: zsh }, async (t) => {
  const { dir } = prepare(t);
  const terminal = openTerminal(t, ['zsh', '-f', '-i'], {});
  const setUp = [
    `cd ${dir}/work`,
    "PS1='$ '",
    `fpath=(${dir}/completions $fpath)`,
    'autoload -U compinit',
    `compinit -u -d ${dir}/dump`,
    'echo loa"ded"',
  ];
  terminal.type(`${setUp.join('; ')}\n`);
  await terminal.waitFor(/^loaded$/m);
  for (const [typed, completed] of [
    ['tsgun --worker-cl', 'tsgun --worker-class='],
    ['tsgun -k gth', 'tsgun -k gthread'],
    ['tsgun --log-format=j', 'tsgun --log-format=json'],
    ['tsgun --control-read', 'tsgun --control-read-group='],
    ['tsgun -w 4 --chdir con', 'tsgun -w 4 --chdir conf/'],
    ['tsgun --reload --bind :80 ap', 'tsgun --reload --bind :80 app.py'],
    ['tsgun in', 'tsgun init'],
    ['tsgun init shop --app ap', 'tsgun init shop --app app.py'],
    ['tsgun init shop --for', 'tsgun init shop --force'],
    ['tsgun --sockets=1 --check-c', 'tsgun --sockets=1 --check-config'],
  ] as const) {
    terminal.press('C-u', 'C-l');
    terminal.type(typed);
    terminal.press('Tab');
    await terminal.waitFor(new RegExp(`^\\$ ${completed}$`));
  }
});
