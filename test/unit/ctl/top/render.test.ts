import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { createPaint } from '../../../../ctl/terminal/paint.ts';
import { cleanText, widthOf } from '../../../../ctl/terminal/width.ts';
import { render } from '../../../../ctl/top/render.ts';
import {
  initialState,
  loseConnection,
  say,
  select,
  type TopState,
  takeAnswer,
} from '../../../../ctl/top/state.ts';
import { sampleStatus, sampleWorker } from '../../../helpers/sample-views.ts';

const look = { paint: createPaint(true), unicode: true };

const screenOf = (state: TopState, columns = 80, rows = 24): string[] =>
  render(state, { columns, rows }, look).map((line) => stripVTControlCharacters(line).trimEnd());

const start = initialState('web', 0);
const colour = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

test('render() shows everything important on 80 columns and 24 rows', () => {
  const status = sampleStatus({
    workers: { wanted: 4, ready: 2, booting: 1, draining: 1, degraded: 1, parked: 0 },
    degraded: true,
    operations: [{ op: 17, method: 'reload', phase: 'rolling', text: '2 of 4', ageMs: 3000 }],
  });
  const workers = [
    sampleWorker(0),
    sampleWorker(1, { phase: 'draining', why: 'reload', inFlight: 12 }),
    sampleWorker(2, { phase: 'failed', pid: null, p50Ms: null, p99Ms: null, cpuPercent: null }),
  ];
  const screen = screenOf(takeAnswer(start, status, workers));
  assert.equal(screen.length, 24);
  assert.deepEqual(screen.slice(0, 11), [
    'web serving  generation 3  up 3m12s                        tsgun 0.1.0  pid 4242',
    'workers 2/4 ready 1 booting 1 draining  DEGRADED (1 failing)',
    'op:17 reload 3s rolling: 2 of 4',
    'requests/s    321 █                                                      max 321',
    'p99          18ms █                                                     max 18ms',
    'queue           3 █                                                        max 3',
    ' ▲SLOT     PID PHASE     GEN    AGE  INFL  REQ/S   P50   P99   CPU   MEM   LAG',
    '>    0    5000 ready       3  3m12s     2     80 1.2ms  18ms   12%   84M 0.4ms',
    '     1    5001 draining    3  3m12s    12     80 1.2ms  18ms   12%   84M 0.4ms',
    '     2       - failed      3  3m12s     2     80     -     -     -   84M 0.4ms',
    '',
  ]);
  assert.equal(
    screen.at(-1),
    '? help  q quit  s sort  +/- scale  R recycle  D dump  L reload          1-3 of 3',
  );
});

test('render() keeps the selected one of 200 workers in sight', () => {
  const workers = Array.from({ length: 200 }, (_, slot) => sampleWorker(slot));
  const state = takeAnswer(start, sampleStatus(), workers);
  for (const index of [0, 7, 8, 100, 199]) {
    const screen = screenOf(select(state, index));
    const marked = screen.filter((line) => line.startsWith('>'));
    assert.equal(marked.length, 1);
    assert.match(marked[0] ?? '', new RegExp(`^> +${index} `));
    assert.equal(screen.filter((line) => / 3 +3m12s /.test(line)).length, 15);
  }
  assert.match(screenOf(select(state, 199)).at(-1) ?? '', /186-200 of 200$/);
});

test('render() leaves columns out on a narrow screen, and tells why on a wide one', () => {
  const workers = [sampleWorker(0, { phase: 'draining', why: 'recycled-requests' })];
  const state = takeAnswer(start, sampleStatus(), workers);
  const narrow = screenOf(state, 40).find((line) => line.includes('SLOT')) ?? '';
  assert.match(narrow, /SLOT PHASE .*REQ\/S/);
  assert.doesNotMatch(narrow, /LAG|P50|PID/);
  assert.match(screenOf(state, 110).join('\n'), /WHY.*recycled-requests/s);
});

test('render() says that the connection is lost, and for how long', () => {
  const state = loseConnection(
    takeAnswer(start, sampleStatus(), [sampleWorker(0)]),
    'No such socket',
  );
  const [title, , activity] = screenOf({ ...state, now: 12_000 });
  assert.match(title ?? '', /NOT CONNECTED$/);
  assert.equal(activity, 'No such socket; trying again for 12s');
});

test('render() says that an instance does not answer', () => {
  const state = takeAnswer(start, sampleStatus(), []);
  assert.match(screenOf({ ...state, now: 4000 })[0] ?? '', /NO ANSWER$/);
});

test('render() shows a parked generation that waits for confirmation', () => {
  const confirm = { generation: 42, parked: 41, remainingMs: 252_000 };
  const state = takeAnswer(start, sampleStatus({ mode: 'confirming', confirm }), []);
  assert.match(screenOf(state)[2] ?? '', /generation 42 needs "confirm" within 4m12s, else 41/);
});

test('render() shows the first line of a long message and where the rest is', () => {
  const state = say(start, 'bad', 'reload: Cannot find module\n    at app.js:1');
  assert.equal(screenOf(state).at(-2), 'reload: Cannot find module (e: all)');
  assert.doesNotMatch(screenOf(say(start, 'bad', 'short')).join('\n'), /e: all/);
});

test('render() forgets old successes and keeps failures', () => {
  const later = { now: 60_000 };
  assert.equal(screenOf({ ...say(start, 'good', 'done'), ...later }).at(-2), '');
  assert.equal(screenOf({ ...say(start, 'bad', 'failed'), ...later }).at(-2), 'failed');
});

test('render() is never larger than the screen and never lets text steer it', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 });
  const size = fc.record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(text, text, size, fc.nat(30), (name, words, { columns, rows }, count) => {
      const operations = [{ op: 1, method: words, phase: words, text: words, ageMs: 1 }];
      const workers = Array.from({ length: count }, (_, slot) =>
        sampleWorker(slot, { why: words }),
      );
      const status = sampleStatus({ version: words, operations });
      let state = takeAnswer(initialState(name, 0), status, workers);
      state = say(state, 'bad', words);
      const overlays = [null, { kind: 'text', title: words, text: words, top: 5 } as const];
      for (const overlay of overlays) {
        const lines = render({ ...state, overlay }, { columns, rows }, look);
        assert.ok(lines.length <= rows);
        for (const line of lines) {
          const bare = line.replaceAll(colour, '');
          assert.equal(cleanText(bare), bare);
          // A wide character needs two columns, even where there is only one.
          assert.ok(widthOf(bare) <= Math.max(columns, 2));
        }
      }
    }),
    { numRuns: 150 },
  );
});
