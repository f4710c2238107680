import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startFake } from '../helpers/fake-instance.ts';
import { ctlMain, runCtl } from '../helpers/run-ctl.ts';
import { sampleWorker } from '../helpers/sample-views.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTerminal, openTerminal } from '../helpers/terminal.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { writeFiles } from '../helpers/write-files.ts';

test('a bash that somebody types into completes with the real program', {
  skip: missingTerminal() ?? false,
}, async (t) => {
  const dir = makeTempDir(t);
  const program = path.join(dir, 'bin/tsgunctl');
  writeFiles(dir, { 'bin/tsgunctl': `#!/bin/sh\nexec ${process.execPath} ${ctlMain} "$@"\n` });
  chmodSync(program, 0o755);
  const runDir = path.join(dir, 'run');
  const workers = () => [sampleWorker(0), sampleWorker(1), sampleWorker(12)];
  await startFake(t, runDir, 'web', { workers });
  await startFake(t, runDir, 'api', { workers });
  // tmux itself decides about PATH.
  const env = ['env', `PATH=${path.dirname(program)}:${process.env['PATH']}`];
  const terminal = openTerminal(t, [...env, 'bash', '--norc', '--noprofile', '-i'], {
    TSGUN_RUN_DIR: runDir,
  });
  await terminal.waitFor('bash');
  terminal.type('PS1="$ "; eval "$(tsgunctl completion bash)"; echo loaded\n');
  await terminal.waitFor(/^loaded$/m);
  for (const [typed, completed] of [
    ['tsgunctl rel', 'tsgunctl reload'],
    ['tsgunctl -i w', 'tsgunctl -i web'],
    ['tsgunctl status --output=v', 'tsgunctl status --output=value'],
    ['tsgunctl wait gen', 'tsgunctl wait generation='],
    ['tsgunctl -i web recycle 12', 'tsgunctl -i web recycle 12'],
  ] as const) {
    terminal.press('C-u', 'C-l');
    terminal.type(typed);
    terminal.press('Tab');
    await terminal.waitFor(new RegExp(`^\\$ ${completed}$`));
  }
  terminal.press('C-u', 'C-l');
  terminal.type('tsgunctl -i web recycle 1');
  await waitFor('the slots', () => {
    terminal.press('Tab');
    return /^1 +12$/m.test(terminal.screen);
  });
});

test('completion prints a script for each shell, and knows no other', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await runCtl(t, ['completion', shell]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`${shell} completion for tsgunctl`));
  }
  const { code, stderr } = await runCtl(t, ['completion', 'csh']);
  assert.equal(code, 2);
  assert.match(stderr, /SHELL: expected one of "bash", "zsh", "fish", not "csh"/);
});
