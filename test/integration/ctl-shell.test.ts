import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Answer, fail, progress, startFake } from '../helpers/fake-instance.ts';
import { ctlMain, runCtl } from '../helpers/run-ctl.ts';
import { sampleStatus, sampleWorker } from '../helpers/sample-views.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTerminal, openTerminal } from '../helpers/terminal.ts';
import { waitFor } from '../helpers/wait-for.ts';

const skip = missingTerminal() ?? false;

const scale: Answer = ({ params }) => ({
  op: 17,
  from: 4,
  to: 4 + Number(params['workers']),
  changed: true,
  workers: [],
});

/** `tsgunctl` without a verb on a terminal. */
async function openShell(t: TestContext, answers: Record<string, Answer> = {}) {
  const runDir = makeTempDir(t);
  const home = makeTempDir(t);
  const workers = () => [sampleWorker(0), sampleWorker(1), sampleWorker(12)];
  const fake = await startFake(t, runDir, 'web', { workers, scale, ...answers });
  const open = () =>
    openTerminal(t, [process.execPath, ctlMain], { TSGUN_RUN_DIR: runDir, XDG_STATE_HOME: home });
  const terminal = open();
  await terminal.waitFor('web(3)>');
  return { runDir, history: path.join(home, 'tsgun/history'), fake, open, terminal };
}

test('the shell obeys verbs and their beginnings', { skip }, async (t) => {
  const { terminal, fake } = await openShell(t);
  terminal.type('ping\n');
  await terminal.waitFor(/web\(3\)> ping\n.*\nweb\(3\)>$/s);
  terminal.type('sc +2\n');
  await terminal.waitFor(/> sc \+2\n.*6.*\nweb/s);
  assert.deepEqual(fake.called('scale'), [{ workers: '+2' }]);
  terminal.type('st\n');
  await terminal.waitFor('"st" can be status, stats, stop');
  terminal.type('relod\n');
  await terminal.waitFor('did you mean "reload"?');
  terminal.type('exit\n');
  await terminal.waitFor('ended with 0');
});

test('the prompt follows the generation', { skip }, async (t) => {
  let generation = 3;
  const { terminal } = await openShell(t, { status: () => sampleStatus({ generation }) });
  generation = 4;
  terminal.type('ping\n');
  await terminal.waitFor('web(4)>');
});

test('the shell finds the instance again after a restart', { skip }, async (t) => {
  const { terminal, fake, runDir } = await openShell(t);
  await fake.close();
  terminal.type('ping\n');
  await terminal.waitFor('web(-)>');
  await startFake(t, runDir, 'web', { status: () => sampleStatus({ generation: 9 }) });
  terminal.type('ping\n');
  await terminal.waitFor('web(9)>');
});

test('Tab completes verbs, flags and living slots', { skip }, async (t) => {
  const { terminal } = await openShell(t);
  terminal.type('rel');
  terminal.press('Tab');
  await terminal.waitFor('web(3)> reload');
  terminal.type('--can');
  terminal.press('Tab');
  await terminal.waitFor('web(3)> reload --canary');
  terminal.press('C-u');
  terminal.type('recycle 1');
  // The first one completes, the next one lists.
  await waitFor('the slots', () => {
    terminal.press('Tab');
    return /^1 +12$/m.test(terminal.screen);
  });
});

test('Ctrl-C clears the line, Ctrl-D leaves', { skip }, async (t) => {
  const { terminal, fake } = await openShell(t);
  terminal.type('scale +1');
  await terminal.waitFor('scale +1');
  terminal.press('C-c');
  await terminal.waitFor(/\^C\nweb\(3\)>$/m);
  terminal.press('C-d');
  await terminal.waitFor('ended with 0');
  assert.deepEqual(fake.called('scale'), []);
});

test('Ctrl-C detaches from an operation and not from the shell', { skip }, async (t) => {
  const { terminal } = await openShell(t, {
    reload({ notify }) {
      notify('progress', progress(21, 'reload'));
      return new Promise(() => {});
    },
  });
  terminal.type('reload\n');
  await terminal.waitFor('op:21 reload');
  terminal.press('C-c');
  await terminal.waitFor(/op:21 goes on.*\nweb\(3\)>$/s);
  terminal.type('ping\n');
  await terminal.waitFor(/> ping\n.*\nweb\(3\)>$/s);
});

test('Ctrl-C does not end the shell while the prompt waits for the instance', {
  skip,
}, async (t) => {
  const answers = [sampleStatus()];
  const { terminal, fake } = await openShell(t, {
    status: () => answers.pop() ?? new Promise(() => {}),
  });
  terminal.type('ping\n');
  await waitFor('the question of the prompt', () => fake.called('status').length > 1);
  terminal.press('C-c');
  await terminal.waitFor('web(-)>');
});

test('the history is there in the next shell, and !! repeats', { skip }, async (t) => {
  const { terminal, fake, history, open } = await openShell(t);
  terminal.type('scale +1\n');
  await terminal.waitFor(/web\(3\)>$/m);
  terminal.type('!!\n');
  await terminal.waitFor(/> !!\nscale \+1\n/);
  await terminal.waitFor(/scale \+1\n.*web\(3\)>$/s);
  terminal.press('C-d');
  await terminal.waitFor('ended with 0');
  assert.equal(fake.called('scale').length, 2);
  assert.equal(readFileSync(history, 'utf8'), 'scale +1\n');
  assert.equal(statSync(history).mode & 0o777, 0o600);
  const next = open();
  await next.waitFor('web(3)>');
  next.press('Up');
  await next.waitFor('web(3)> scale +1');
});

test('a history that cannot be kept disturbs nobody', { skip }, async (t) => {
  const { terminal, history } = await openShell(t);
  writeFileSync(path.dirname(history), '');
  terminal.type('ping\n');
  await terminal.waitFor(/> ping\n.*\nweb\(3\)>$/s);
  terminal.press('C-d');
  await terminal.waitFor('ended with 0');
});

test('pasted lines are all obeyed, in their order', { skip }, async (t) => {
  const { terminal, fake } = await openShell(t);
  terminal.type('scale +1\nscale +2\nscale +3\npin');
  await terminal.waitFor(/web\(3\)> pin$/m);
  assert.deepEqual(fake.called('scale'), [{ workers: '+1' }, { workers: '+2' }, { workers: '+3' }]);
  terminal.type('g\n');
  await terminal.waitFor(/> ping\n.*\nweb\(3\)>$/s);
});

test('top runs within the shell, which goes on after it', { skip }, async (t) => {
  const { terminal } = await openShell(t);
  terminal.type('top\n');
  await terminal.waitFor('web serving');
  terminal.press('q');
  await terminal.waitFor(/> top\nweb\(3\)>$/m);
  terminal.type('ping\n');
  await terminal.waitFor(/> ping\n.*\nweb\(3\)>$/s);
});

test('an instance with a strange name steers no terminal', { skip }, async (t) => {
  const runDir = makeTempDir(t);
  const name = 'a\x1b[2Jb';
  mkdirSync(path.join(runDir, name));
  await startFake(t, runDir, name);
  const terminal = openTerminal(t, [process.execPath, ctlMain], {
    TSGUN_RUN_DIR: runDir,
    XDG_STATE_HOME: runDir,
  });
  await terminal.waitFor('a\\x1b[2Jb(3)>');
});

async function runScript(t: TestContext, script: string, ...flags: string[]) {
  const runDir = makeTempDir(t);
  const fake = await startFake(t, runDir, 'web', {
    scale,
    recycle() {
      throw fail('TSGUN_E_CONFLICT', 'Another operation is under way');
    },
  });
  const end = await runCtl(t, ['shell', ...flags], { TSGUN_RUN_DIR: runDir }, script);
  return { ...end, fake };
}

test('without a terminal every line of standard input is a command', async (t) => {
  const script = '# more of them\n\nscale +1\n  sc "+2"\r\nping -o json';
  const { code, stdout, fake } = await runScript(t, script);
  assert.equal(code, 0);
  assert.deepEqual(fake.called('scale'), [{ workers: '+1' }, { workers: '+2' }]);
  assert.match(stdout, /"pid":4242/);
  assert.ok(!stdout.includes('\x1b') && !stdout.includes('web('));
});

test('a script stops at the first failure, with its exit code', async (t) => {
  const { code, stderr, fake } = await runScript(t, 'recycle 0\nscale +1\n');
  assert.equal(code, 6);
  assert.match(stderr, /Another operation is under way/);
  assert.deepEqual(fake.called('scale'), []);
});

test('a script with --keep-going ends with the code of the last failure', async (t) => {
  const script = 'recycle 0\nscale nonsense\nscale +1\n';
  const { code, fake } = await runScript(t, script, '--keep-going');
  assert.equal(code, 2);
  assert.deepEqual(fake.called('scale'), [{ workers: '+1' }]);
});

test('a script ends with exit, and reports what is not closed', async (t) => {
  const left = await runScript(t, 'exit\nscale +1\n');
  assert.equal(left.code, 0);
  assert.deepEqual(left.fake.called('scale'), []);
  const open = await runScript(t, 'abort --reason "half\n');
  assert.equal(open.code, 2);
  assert.match(open.stderr, /" is not closed/);
});
