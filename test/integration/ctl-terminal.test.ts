import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FakeCall, progress, startFake } from '../helpers/fake-instance.ts';
import { ctlMain } from '../helpers/run-ctl.ts';
import { sampleStatus, sampleWorker } from '../helpers/sample-views.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { missingTerminal, openTerminal } from '../helpers/terminal.ts';

const skip = missingTerminal() ?? false;
const ctl = (...args: string[]) => [process.execPath, ctlMain, ...args];

test('status on a terminal', { skip }, async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', { status: () => sampleStatus({ degraded: true }) });
  const terminal = openTerminal(t, ctl('status'), { TSGUN_RUN_DIR: dir });
  await terminal.waitFor('ended with 10');
  assert.equal(
    terminal.screen,
    `web serving, degraded  generation 3, up 3m12s, pid 4242, tsgun 0.1.0
app        ./server.js
workers    4/4 ready
listeners  http://127.0.0.1:8000, 3 waiting
traffic    321 requests/s, p50 1.2 ms, p99 18 ms
requests   7 in flight, 12 connections, 1,234,567 since the start
memory     workers 420 MiB, arbiter 84 MiB
ended with 10`,
  );
});

test('workers on a terminal of 80 columns', { skip }, async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', {
    workers: () => [
      sampleWorker(0),
      sampleWorker(10, { phase: 'draining', why: 'recycled-memory', inFlight: 12 }),
    ],
  });
  const terminal = openTerminal(t, ctl('workers'), { TSGUN_RUN_DIR: dir });
  await terminal.waitFor('ended with 0');
  assert.equal(
    terminal.screen,
    `SLOT   PID  GEN  PHASE                          UP  REQ/S  INFLIGHT  CPU     RSS
   0  5000    3  ready                       3m12s     80         2  12%  84 MiB
  10  5010    3  draining (recycled-memory)  3m12s     80        12  12%  84 MiB
ended with 0`,
  );
});

test('an operation that takes long shows a line of progress, and leaves none', {
  skip,
}, async (t) => {
  const dir = makeTempDir(t);
  const ended = Promise.withResolvers<unknown>();
  const fake = await startFake(t, dir, 'web', {
    reload: ({ notify }: FakeCall) => {
      notify('progress', progress(17, 'reload'));
      return ended.promise;
    },
  });
  const terminal = openTerminal(t, ctl('reload'), { TSGUN_RUN_DIR: dir });
  await terminal.waitFor(/^op:17 reload, started: it begins \(/m);
  const rolling = { seq: 2, phase: 'rolling', text: 'worker 1 is ready', done: 2, total: 4 };
  fake.broadcast('progress', progress(17, 'reload', rolling));
  await terminal.waitFor(/^op:17 reload, rolling 2\/4: worker 1 is ready \(/m);
  ended.resolve({
    op: 17,
    outcome: 'done',
    generation: 4,
    previous: 3,
    confirmWithinMs: null,
    changes: [],
    workers: [],
  });
  await terminal.waitFor('ended with 0');
  assert.equal(terminal.screen, 'Generation 4 serves, it was 3\nended with 0');
});

test('Ctrl-C on a terminal leaves the operation and the line behind', { skip }, async (t) => {
  const dir = makeTempDir(t);
  await startFake(t, dir, 'web', {
    reload: ({ notify }: FakeCall) => {
      notify('progress', progress(17, 'reload'));
      return new Promise(() => undefined);
    },
  });
  // A shell of its own ignores nothing, so that the exit code can be seen.
  const command = ctl('reload')
    .map((word) => `'${word}'`)
    .join(' ');
  const words = ['bash', '-c', `trap : INT; ${command}; echo "exit $?"`];
  const terminal = openTerminal(t, words, { TSGUN_RUN_DIR: dir });
  await terminal.waitFor(/^op:17 reload, started/m);
  terminal.press('C-c');
  const screen = await terminal.waitFor('exit 130');
  assert.match(screen, /op:17 goes on; follow with "tsgunctl wait op:17"/);
  assert.doesNotMatch(screen, /started/);
});
