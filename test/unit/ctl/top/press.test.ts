import assert from 'node:assert/strict';
import { test } from 'node:test';
import { press } from '../../../../ctl/top/press.ts';
import { initialState, say, type TopState, takeAnswer } from '../../../../ctl/top/state.ts';
import { sampleStatus, sampleWorker } from '../../../helpers/sample-views.ts';

const size = { columns: 80, rows: 24 };
const workers = Array.from({ length: 200 }, (_, slot) => sampleWorker(slot));
const start = takeAnswer(initialState('web', 0), sampleStatus(), workers);

function pressAll(state: TopState, ...keys: string[]) {
  let pressed = press(state, keys[0] ?? '', size);
  for (const key of keys.slice(1)) pressed = press(pressed.state, key, size);
  return pressed;
}

const indexAfter = (...keys: string[]) => pressAll(start, ...keys).state.selected.index;

test('press() moves the selection within the list', () => {
  assert.equal(indexAfter('down', 'j', 'k'), 1);
  assert.equal(indexAfter('up'), 0);
  assert.equal(indexAfter('end'), 199);
  assert.equal(indexAfter('G', 'down'), 199);
  assert.equal(indexAfter('page-down'), 15);
  assert.equal(indexAfter('G', 'page-up', 'g'), 0);
});

test('press() turns keys into commands for the selected worker', () => {
  assert.deepEqual(pressAll(start, 'j', 'R').command, { do: 'recycle', slot: 1 });
  assert.deepEqual(pressAll(start, 'j', 'j', 'D').command, { do: 'dump', slot: 2 });
  assert.deepEqual(pressAll(start, '+').command, { do: 'scale', workers: '+1' });
  assert.deepEqual(pressAll(start, '-').command, { do: 'scale', workers: '-1' });
});

test('press() says so when there is no worker', () => {
  const { state, command } = press(initialState('web', 0), 'R', size);
  assert.equal(command, undefined);
  assert.match(state.message?.text ?? '', /no worker/);
});

test('press() reloads only after yes', () => {
  const asked = pressAll(start, 'L');
  assert.equal(asked.command, undefined);
  assert.equal(asked.state.overlay?.kind, 'confirm');
  assert.deepEqual(pressAll(start, 'L', 'y').command, { do: 'reload' });
  for (const key of ['n', 'enter', 'escape', 'L', 'q', 'R']) {
    const { state, command } = pressAll(start, 'L', key);
    assert.equal(command, undefined);
    assert.equal(state.overlay, null);
  }
});

test('press() quits from everywhere with Ctrl-C, with q only from the list', () => {
  assert.deepEqual(pressAll(start, 'q').command, { do: 'quit' });
  assert.deepEqual(pressAll(start, 'L', 'interrupt').command, { do: 'quit' });
  assert.deepEqual(pressAll(start, '?', 'interrupt').command, { do: 'quit' });
  const { state, command } = pressAll(start, '?', 'q');
  assert.equal(command, undefined);
  assert.equal(state.overlay, null);
});

test('press() scrolls a text to its end and not beyond', () => {
  const text = Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n');
  const reading: TopState = { ...start, overlay: { kind: 'text', title: 'x', text, top: 0 } };
  const topAfter = (...keys: string[]) => {
    const { overlay } = pressAll(reading, ...keys).state;
    return overlay?.kind === 'text' ? overlay.top : null;
  };
  assert.equal(topAfter('down', 'down', 'up'), 1);
  assert.equal(topAfter('end', 'down'), 78);
  assert.equal(topAfter('end', 'up'), 77);
  assert.equal(topAfter('page-down', 'home', 'up'), 0);
  assert.equal(topAfter('R'), 0);
  assert.equal(topAfter('escape'), null);
});

test('press() chooses the column and the direction', () => {
  assert.deepEqual(pressAll(start, 's').state.order, { column: 'pid', descending: false });
  assert.deepEqual(pressAll(start, '>', '<', 'r').state.order, {
    column: 'slot',
    descending: true,
  });
});

test('press() shows the last message in full', () => {
  const { overlay } = press(say(start, 'bad', 'one\ntwo'), 'e', size).state;
  assert.deepEqual(overlay, { kind: 'text', title: 'Last message', text: 'one\ntwo', top: 0 });
});
