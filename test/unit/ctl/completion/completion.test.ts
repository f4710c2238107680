import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { completionShells, renderCompletion } from '../../../../ctl/completion/completion.ts';
import { globalOptions, longFlag } from '../../../../src/protocol/control/options.ts';
import { findVerb, verbNames } from '../../../../src/protocol/control/verb-list.ts';
import { makeTempDir } from '../../../helpers/temp-dir.ts';
import { writeFiles } from '../../../helpers/write-files.ts';

/** Answers as the program does, and notes how it was called. */
const stub = `#!/bin/sh
echo "$*" >> "$CALLS/calls"
case "$*" in
  *"workers -o value --field slot"*) printf '0\\n1\\n12\\n' ;;
  *"config -o value --field name"*) printf 'timeout\\nthreads\\n$(touch $CALLS/owned)\\n' ;;
esac
`;

interface Place {
  dir: string;
  env: Record<string, string>;
}

async function prepare(t: TestContext): Promise<Place> {
  const dir = makeTempDir(t);
  writeFiles(dir, {
    'bin/tsgunctl': stub,
    'tsgunctl.bash': renderCompletion('bash'),
    'zsh/_tsgunctl': renderCompletion('zsh'),
    'tsgunctl.fish': renderCompletion('fish'),
    'run/web/none': '',
    'run/api/none': '',
    'run/$(touch owned)/none': '',
    'run/empty/none': '',
  });
  chmodSync(path.join(dir, 'bin/tsgunctl'), 0o755);
  for (const name of ['web', 'api', '$(touch owned)']) {
    const server = createServer();
    await new Promise<void>((resolve) =>
      server.listen(path.join(dir, 'run', name, 'control.sock'), resolve),
    );
    t.after(() => server.close());
  }
  const PATH = `${path.join(dir, 'bin')}:${process.env['PATH']}`;
  return { dir, env: { PATH, CALLS: dir, TSGUN_RUN_DIR: path.join(dir, 'run'), HOME: dir } };
}

const hasShell = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** What bash makes of a line, with its own splitting of words; by the script alone. */
function completeInBash({ dir, env }: Place, line: string): string[] {
  const words = line
    .split(/(?<=\s)|(?=\s)|(?<=[=:])|(?=[=:])/)
    .filter((word) => word.trim() !== '');
  if (/\s$/.test(line)) words.push('');
  const script = `set -u; source ${dir}/tsgunctl.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsgunctl tsgunctl
    [ \${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const bash = spawnSync('bash', ['--norc', '--noprofile', '-c', script, 'bash', ...words], {
    cwd: dir,
    env,
    encoding: 'utf8',
  });
  assert.equal(bash.stderr, '');
  return bash.stdout.split('\n').filter(Boolean);
}

test('every verb and every flag is in every script', () => {
  for (const shell of completionShells) {
    const script = renderCompletion(shell);
    const flags = [...globalOptions, ...verbNames.flatMap((name) => findVerb(name)?.options ?? [])];
    for (const flag of flags.map((option) => longFlag(option.flags))) {
      const written = shell === 'fish' ? `-l ${flag.slice(2)}` : flag;
      assert.ok(script.includes(written), `${written} for ${shell}`);
    }
    for (const verb of verbNames) assert.match(script, new RegExp(`\\b${verb}\\b`));
  }
});

test('bash completes verbs and flags', async (t) => {
  const place = await prepare(t);
  assert.deepEqual(completeInBash(place, 'tsgunctl rel'), ['reload']);
  assert.deepEqual(completeInBash(place, 'tsgunctl st'), ['status', 'stats', 'stop']);
  assert.deepEqual(completeInBash(place, 'tsgunctl -o json --timeout 3 rel'), ['reload']);
  assert.deepEqual(completeInBash(place, 'tsgunctl reload --can'), ['--canary']);
  assert.deepEqual(completeInBash(place, 'tsgunctl scale --can'), []);
  assert.deepEqual(completeInBash(place, 'tsgunctl --out'), ['--output']);
  assert.ok(completeInBash(place, 'tsgunctl ').includes('doctor'));
});

test('bash completes the values of flags', async (t) => {
  const place = await prepare(t);
  assert.deepEqual(completeInBash(place, 'tsgunctl status -o j'), ['json', 'jsonl']);
  assert.deepEqual(completeInBash(place, 'tsgunctl status --output='), [
    'table',
    'json',
    'jsonl',
    'value',
  ]);
  assert.deepEqual(completeInBash(place, 'tsgunctl status --output=v'), ['value']);
  assert.deepEqual(completeInBash(place, 'tsgunctl kill 1 --signal T'), ['TERM']);
  assert.deepEqual(completeInBash(place, 'tsgunctl reload --reason '), []);
  assert.deepEqual(completeInBash(place, 'tsgunctl -s bin/ts'), ['bin/tsgunctl']);
});

test('bash completes instances that have a socket, and runs nothing that they are called', async (t) => {
  const place = await prepare(t);
  assert.deepEqual(completeInBash(place, 'tsgunctl -i ').toSorted(), ['api', 'web']);
  assert.deepEqual(completeInBash(place, 'tsgunctl --instance w'), ['web']);
  assert.ok(!readdirSync(place.dir).includes('owned'));
});

test('bash asks the addressed instance for slots and settings', async (t) => {
  const place = await prepare(t);
  assert.deepEqual(completeInBash(place, 'tsgunctl -i web recycle 1'), ['1', '12']);
  assert.deepEqual(completeInBash(place, 'tsgunctl recycle 1 '), []);
  assert.deepEqual(completeInBash(place, 'tsgunctl set t'), ['timeout', 'threads']);
  assert.deepEqual(completeInBash(place, 'tsgunctl set '), ['timeout', 'threads']);
  const calls = spawnSync('cat', [path.join(place.dir, 'calls')], { encoding: 'utf8' }).stdout;
  assert.match(calls, /^-i web workers -o value --field slot --timeout 2\n/);
  assert.ok(!readdirSync(place.dir).includes('owned'));
});

test('bash completes conditions, methods and verbs to be helped with', async (t) => {
  const place = await prepare(t);
  assert.deepEqual(completeInBash(place, 'tsgunctl wait gen'), ['generation=']);
  assert.deepEqual(completeInBash(place, 'tsgunctl call rpc'), ['rpc.discover']);
  assert.deepEqual(completeInBash(place, 'tsgunctl completion '), ['bash', 'zsh', 'fish']);
  assert.deepEqual(completeInBash(place, 'tsgunctl help sca'), ['scale']);
  assert.deepEqual(completeInBash(place, 'tsgunctl scale +1 '), []);
});

test('bash completes without an instance, and without the program, in silence', async (t) => {
  const place = await prepare(t);
  const env = { ...place.env, PATH: process.env['PATH'] ?? '', TSGUN_RUN_DIR: '/nonexistent' };
  assert.deepEqual(completeInBash({ ...place, env }, 'tsgunctl recycle '), []);
  assert.deepEqual(completeInBash({ ...place, env }, 'tsgunctl -i '), []);
});

// Both ask their own completion what a line can become.
test('zsh takes the script', { skip: !hasShell('zsh') && 'zsh is not installed' }, async (t) => {
  const { dir, env } = await prepare(t);
  assert.equal(spawnSync('zsh', ['-n', path.join(dir, 'zsh/_tsgunctl')], { env }).status, 0);
  const script = `fpath=(${dir}/zsh $fpath); autoload -U compinit; compinit -u -d ${dir}/dump
    compadd() { print -r -- "$@" }; _describe() { print -rl -- \${(P)\${@[-1]}} }
    words=(tsgunctl "$@"); CURRENT=$#words; autoload +X _tsgunctl; _tsgunctl`;
  const ask = (...words: string[]) =>
    spawnSync('zsh', ['-f', '-c', script, 'zsh', ...words], { env, encoding: 'utf8' }).stdout;
  assert.match(ask('rel'), /^reload:/m);
  assert.match(ask('-i', ''), /web/);
  assert.match(ask('recycle', ''), /12/);
  assert.match(ask('reload', '--'), /^--canary:/m);
});

test('fish takes the script', { skip: !hasShell('fish') && 'fish is not installed' }, async (t) => {
  const { dir, env } = await prepare(t);
  const script = `source ${dir}/tsgunctl.fish; complete -C $argv[1]`;
  const ask = (line: string) =>
    spawnSync('fish', ['--no-config', '-c', script, line], { env, encoding: 'utf8' }).stdout;
  assert.match(ask('tsgunctl rel'), /^reload\t/m);
  assert.match(ask('tsgunctl -i '), /^web(?:\t|$)/m);
  assert.match(ask('tsgunctl recycle '), /^12$/m);
  assert.match(ask('tsgunctl reload --can'), /^--canary\t/m);
});
