import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Answer, fail, progress, startFake } from '../helpers/fake-instance.ts';
import { childrenOf } from '../helpers/processes.ts';
import { ctlMain, runCtl } from '../helpers/run-ctl.ts';
import { sampleStatus, sampleWorker } from '../helpers/sample-views.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTerminal, openTerminal, type Terminal } from '../helpers/terminal.ts';
import { waitFor } from '../helpers/wait-for.ts';

const skip = missingTerminal() ?? false;

const four = () => [0, 1, 2, 3].map((slot) => sampleWorker(slot));

/** `tsgunctl top` on a terminal, for an instance that answers so. */
async function openTop(t: TestContext, answers: Record<string, Answer>, env = {}) {
  const runDir = makeTempDir(t);
  const fake = await startFake(t, runDir, 'web', { workers: four, ...answers });
  const terminal = openTerminal(t, [process.execPath, ctlMain, 'top'], {
    TSGUN_RUN_DIR: runDir,
    ...env,
  });
  await terminal.waitFor('serving');
  return { runDir, fake, terminal };
}

test('top shows instance and workers on 80 columns and 24 rows', { skip }, async (t) => {
  const { terminal } = await openTop(t, {});
  // The number of columns of the graphs depends on how long it runs.
  const screen = (await terminal.waitFor(/max 321/)).replaceAll(/█+/g, (bar) =>
    '█'.padEnd(bar.length),
  );
  assert.deepEqual(screen.trimEnd().split('\n'), [
    'web serving  generation 3  up 3m12s                        tsgun 0.1.0  pid 4242',
    'workers 4/4 ready                                       in flight 7  memory 504M',
    'no operation under way',
    'requests/s    321 █                                                      max 321',
    'p99          18ms █                                                     max 18ms',
    'queue           3 █                                                        max 3',
    ' ▲SLOT     PID PHASE     GEN    AGE  INFL  REQ/S   P50   P99   CPU   MEM   LAG',
    '>    0    5000 ready       3  3m12s     2     80 1.2ms  18ms   12%   84M 0.4ms',
    '     1    5001 ready       3  3m12s     2     80 1.2ms  18ms   12%   84M 0.4ms',
    '     2    5002 ready       3  3m12s     2     80 1.2ms  18ms   12%   84M 0.4ms',
    '     3    5003 ready       3  3m12s     2     80 1.2ms  18ms   12%   84M 0.4ms',
    ...Array.from({ length: 12 }, () => ''),
    '? help  q quit  s sort  +/- scale  R recycle  D dump  L reload          1-4 of 4',
  ]);
  assert.equal(terminal.ask('alternate_on'), '1');
  assert.equal(terminal.ask('cursor_flag'), '0');
});

for (const [how, key] of [
  ['q', 'q'],
  ['Ctrl-C', 'C-c'],
] as const) {
  test(`top gives the terminal back on ${how}`, { skip }, async (t) => {
    const { terminal } = await openTop(t, {});
    terminal.press(key);
    const screen = await terminal.waitFor('ended with 0');
    assert.equal(screen.trim(), 'ended with 0');
    assert.equal(terminal.ask('alternate_on'), '0');
    assert.equal(terminal.ask('cursor_flag'), '1');
    // Typed text is echoed again, so the terminal is in its old mode.
    terminal.type('hello');
    await terminal.waitFor('hello');
  });
}

test('top gives the terminal back when it is ended by a signal', { skip }, async (t) => {
  const { terminal } = await openTop(t, {});
  const [top = 0] = childrenOf(Number(terminal.ask('pane_pid')));
  process.kill(top, 'SIGTERM');
  await terminal.waitFor('ended with 143');
  assert.equal(terminal.ask('alternate_on'), '0');
  assert.equal(terminal.ask('cursor_flag'), '1');
});

/** `top` as the job of a bash that somebody types into. */
async function openJob(t: TestContext) {
  const runDir = makeTempDir(t);
  await startFake(t, runDir, 'web', { workers: four });
  const terminal = openTerminal(t, ['bash', '--norc', '--noprofile', '-i'], {
    TSGUN_RUN_DIR: runDir,
  });
  await terminal.waitFor('bash');
  terminal.type(`${process.execPath} ${ctlMain} top\n`);
  await terminal.waitFor('web serving');
  return terminal;
}

async function takeUpAgain(terminal: Terminal): Promise<void> {
  terminal.type('fg\n');
  await terminal.waitFor(/^web serving/);
  // Keys come as they are typed, so it is in raw mode.
  terminal.press('j');
  await terminal.waitFor(/^> +1 /m);
  terminal.press('q');
  await waitFor('the old screen', () => terminal.ask('alternate_on') === '0');
}

test('top gives the terminal back on Ctrl-Z, and takes it again', { skip }, async (t) => {
  const terminal = await openJob(t);
  terminal.press('C-z');
  await terminal.waitFor('Stopped');
  assert.equal(terminal.ask('alternate_on'), '0');
  assert.equal(terminal.ask('cursor_flag'), '1');
  await takeUpAgain(terminal);
});

test('top takes the terminal again after it was stopped without a warning', { skip }, async (t) => {
  const terminal = await openJob(t);
  const [bash = 0] = childrenOf(Number(terminal.ask('pane_pid')));
  const [top = 0] = childrenOf(bash);
  process.kill(top, 'SIGSTOP');
  await terminal.waitFor('Stopped');
  await takeUpAgain(terminal);
});

test('top fits the screen after every resize', { skip }, async (t) => {
  const many = () => Array.from({ length: 200 }, (_, slot) => sampleWorker(slot));
  const { terminal } = await openTop(t, { workers: many });
  await terminal.waitFor('1-15 of 200');
  terminal.press('End');
  await terminal.waitFor('186-200 of 200');
  terminal.resize(120, 40);
  await terminal.waitFor('170-200 of 200');
  terminal.resize(44, 12);
  const small = await terminal.waitFor(/^web serving.*^> +199 /ms);
  assert.ok(small.split('\n').every((line) => line.length <= 44));
  terminal.resize(80, 24);
  await terminal.waitFor('186-200 of 200');
});

test('top performs an operation without standing still', { skip }, async (t) => {
  const begun = Promise.withResolvers<void>();
  let count = 4;
  const { terminal, fake } = await openTop(t, {
    workers: () => Array.from({ length: count }, (_, slot) => sampleWorker(slot)),
    async scale({ notify }) {
      notify('progress', progress(17, 'scale', { text: 'one more', done: 0, total: 1 }));
      await begun.promise;
      count = 5;
      return { op: 17, from: 4, to: 5, changed: true, workers: [] };
    },
  });
  terminal.press('+');
  await terminal.waitFor('op:17 scale started: one more (0/1)');
  terminal.press('j');
  await terminal.waitFor(/^> +1 /m);
  begun.resolve();
  await terminal.waitFor('op:17 scaled from 4 to 5');
  await terminal.waitFor('1-5 of 5');
  assert.deepEqual(fake.called('scale'), [{ workers: '+1' }]);
});

test('top tells a caller who may only look what was refused', { skip }, async (t) => {
  const { terminal } = await openTop(t, {
    recycle() {
      throw fail('TSGUN_E_DENIED', 'Cannot call "recycle": only an admin may');
    },
  });
  terminal.press('R');
  await terminal.waitFor('recycle 0: Cannot call "recycle": only an admin may');
});

test('top reloads after a question, and shows all of a failure', { skip }, async (t) => {
  const { terminal, fake } = await openTop(t, {
    reload() {
      const trace = "Cannot find module './db'\n    at /srv/app.js:3:1";
      throw fail('TSGUN_E_OPERATION', trace, { op: 18 });
    },
  });
  terminal.press('L');
  await terminal.waitFor('Reload web gracefully? [y/N]');
  terminal.press('n');
  await terminal.waitFor('Not reloaded');
  assert.deepEqual(fake.called('reload'), []);
  terminal.press('L', 'y');
  await terminal.waitFor("op:18 reload: Cannot find module './db' (e: all)");
  terminal.press('e');
  await terminal.waitFor('    at /srv/app.js:3:1');
  terminal.press('Escape');
  await terminal.waitFor('1-4 of 4');
});

test('top shows a stack that can be scrolled', { skip }, async (t) => {
  const stack = Array.from({ length: 60 }, (_, line) => `at frame${line} (/srv/app.js)`).join('\n');
  const { terminal } = await openTop(t, {
    dump: () => ({ op: 19, slot: 1, pid: 5001, stack, inFlight: ['GET /slow for 12 ms'] }),
  });
  terminal.press('Down', 'D');
  await terminal.waitFor(/^Stack of worker 1 \(pid 5001\)\nat frame0 /);
  terminal.press('NPage');
  await terminal.waitFor(/^Stack of worker 1 \(pid 5001\)\nat frame22 /);
  terminal.press('G');
  await terminal.waitFor('GET /slow for 12 ms');
  terminal.press('q');
  await terminal.waitFor(/^> +1 /m);
});

test('top says that the connection is lost, and finds the instance again', { skip }, async (t) => {
  const { terminal, fake, runDir } = await openTop(t, {});
  await fake.close();
  await terminal.waitFor(/NOT CONNECTED\n.*trying again/s);
  terminal.press('+');
  await terminal.waitFor('scale +1: There is no connection to the instance');
  await startFake(t, runDir, 'web', {
    workers: four,
    status: () => sampleStatus({ generation: 99 }),
  });
  const screen = await terminal.waitFor('generation 99');
  assert.doesNotMatch(screen, /NOT CONNECTED/);
  terminal.press('q');
  await terminal.waitFor('ended with 0');
});

test('top shows what it gets as text and nothing else', { skip }, async (t) => {
  const { terminal } = await openTop(t, {
    workers: () => [sampleWorker(0, { phase: 'draining', why: '\x1b[2J\x1b[31m世界' })],
    status: () => sampleStatus({ version: '\x1b]0;owned\x07\x1b[?1049l' }),
  });
  terminal.resize(120, 24);
  await terminal.waitFor(/tsgun \\x1b\]0;owned\\x07\\x1b\[\?1049l {2}pid/);
  assert.match(terminal.screen, /\\x1b\[2J\\x1b\[31m世界$/m);
  assert.equal(terminal.ask('alternate_on'), '1');
});

test('top goes on when an instance answers with what it does not understand', {
  skip,
}, async (t) => {
  let broken = false;
  const { terminal } = await openTop(t, {
    status: () => (broken ? { surprise: true } : sampleStatus()),
  });
  broken = true;
  await terminal.waitFor(/undefined/);
  terminal.press('j');
  await terminal.waitFor(/^> +1 /m);
  terminal.press('q');
  await terminal.waitFor('ended with 0');
});

test('top without a terminal is a mistake of usage', async (t) => {
  const runDir = makeTempDir(t);
  await startFake(t, runDir, 'web');
  const { code, stdout, stderr } = await runCtl(t, ['top'], { TSGUN_RUN_DIR: runDir });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /Cannot run "top": input and output are no terminal/);
});

test('top uses no colour with NO_COLOR, and ASCII where the locale knows no more', {
  skip,
}, async (t) => {
  const { terminal } = await openTop(t, {}, { NO_COLOR: '1', LANG: 'C' });
  const screen = await terminal.waitFor(/max 321/);
  assert.match(screen, /requests\/s {4}321 #/);
  assert.match(screen, /\^SLOT/);
});
