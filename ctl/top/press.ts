import { cleanText } from '../terminal/width.ts';
import type { Key } from './keys.ts';
import { pageOf, type Size } from './layout.ts';
import { overlayLines } from './overlay.ts';
import { turnOrder } from './sort.ts';
import { type Overlay, say, select, selectedWorker, sortBy, type TopState } from './state.ts';

/** What the screen cannot do by itself. */
export type Command =
  | { do: 'quit' }
  | { do: 'suspend' }
  | { do: 'redraw' }
  | { do: 'scale'; workers: '+1' | '-1' }
  | { do: 'recycle'; slot: number }
  | { do: 'dump'; slot: number }
  | { do: 'reload' };

export interface Pressed {
  state: TopState;
  command?: Command;
}

/** What a key does. */
export function press(state: TopState, key: Key, size: Size): Pressed {
  if (key === 'interrupt') return { state, command: { do: 'quit' } };
  if (key === 'suspend' || key === 'redraw') return { state, command: { do: key } };
  const { overlay } = state;
  if (overlay?.kind === 'confirm') return answer({ ...state, overlay: null }, key);
  if (overlay) return { state: { ...state, overlay: scroll(overlay, key, size) } };
  return pressInList(state, key, size);
}

const answer = (state: TopState, key: Key): Pressed =>
  key === 'y' || key === 'Y'
    ? { state, command: { do: 'reload' } }
    : { state: say(state, 'faint', 'Not reloaded') };

/** Null closes it. */
function scroll(
  overlay: Exclude<Overlay, { kind: 'confirm' }>,
  key: Key,
  size: Size,
): Overlay | null {
  const page = pageOf(size, true);
  const moved = moveBy(overlay.top, key, page, Number.POSITIVE_INFINITY);
  if (moved === null) return closing.has(key) ? null : overlay;
  const most = Math.max(0, overlayLines(overlay, size).length - page);
  return { ...overlay, top: Math.max(0, Math.min(moved, most)) };
}

const closing = new Set<Key>(['q', 'escape', 'enter', '?', 'D', 'e']);

function pressInList(state: TopState, key: Key, size: Size): Pressed {
  const moved = moveBy(state.selected.index, key, pageOf(size, false), state.workers.length);
  if (moved !== null) return { state: select(state, moved) };
  switch (key) {
    case 'q':
      return { state, command: { do: 'quit' } };
    case '?':
    case 'h':
      return { state: { ...state, overlay: { kind: 'help', top: 0 } } };
    case 's':
    case '>':
    case 'right':
      return { state: sortBy(state, turnOrder(state.order, 1)) };
    case '<':
    case 'left':
      return { state: sortBy(state, turnOrder(state.order, -1)) };
    case 'r': {
      const { column, descending } = state.order;
      return { state: sortBy(state, { column, descending: !descending }) };
    }
    case 'e':
      return { state: showMessage(state) };
    default:
      return pressForCommand(state, key);
  }
}

function pressForCommand(state: TopState, key: Key): Pressed {
  const selected = selectedWorker(state);
  const slot = selected?.kind === 'gateway' ? undefined : selected?.slot;
  if (key === '+' || key === '=') return { state, command: { do: 'scale', workers: '+1' } };
  if (key === '-' || key === '_') return { state, command: { do: 'scale', workers: '-1' } };
  if (key === 'L') return { state: askForReload(state) };
  if (key === 'R' || key === 'D') {
    if (slot === undefined)
      return { state: say(state, 'warn', 'There is no worker to do that to') };
    return { state, command: { do: key === 'R' ? 'recycle' : 'dump', slot } };
  }
  return { state };
}

const askForReload = (state: TopState): TopState => ({
  ...state,
  overlay: {
    kind: 'confirm',
    question: `Reload ${cleanText(state.instance)} gracefully? [y/N]`,
  },
});

const showMessage = (state: TopState): TopState =>
  state.message === null
    ? state
    : {
        ...state,
        overlay: { kind: 'text', title: 'Last message', text: state.message.text, top: 0 },
      };

/** Where a key moves to; null when it does not move. */
function moveBy(from: number, key: Key, page: number, end: number): number | null {
  switch (key) {
    case 'up':
    case 'k':
      return from - 1;
    case 'down':
    case 'j':
      return from + 1;
    case 'page-up':
      return from - page;
    case 'page-down':
    case ' ':
      return from + page;
    case 'home':
    case 'g':
      return 0;
    case 'end':
    case 'G':
      return end;
    default:
      return null;
  }
}
