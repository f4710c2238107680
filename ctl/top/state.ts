import type { StatusView, WorkerView } from '../../src/protocol/control/views.ts';
import type { Tone } from '../terminal/paint.ts';
import { addSample, emptyHistory, type History, sampleOf } from './history.ts';
import { type Order, orderBy, sortWorkers } from './sort.ts';

/** What lies over the list of workers. */
export type Overlay =
  | { kind: 'help'; top: number }
  | { kind: 'text'; title: string; text: string; top: number }
  /** A question in the message line; the answer decides about the reload. */
  | { kind: 'confirm'; question: string };

export interface Message {
  tone: Tone;
  text: string;
  at: number;
}

export interface TopState {
  instance: string;
  /** Monotonic milliseconds of this picture. */
  now: number;
  /** Null while the connection stands. */
  lost: { since: number; why: string } | null;
  /** When the instance last answered. */
  answeredAt: number;
  status: StatusView | null;
  /** As sorted. */
  workers: readonly WorkerView[];
  history: History;
  order: Order;
  /** Which line, and whose it is, to follow the worker when lines move. */
  selected: { index: number; key: string };
  overlay: Overlay | null;
  message: Message | null;
}

export const initialState = (instance: string, now: number): TopState => ({
  instance,
  now,
  lost: null,
  answeredAt: now,
  status: null,
  workers: [],
  history: emptyHistory,
  order: orderBy('slot'),
  selected: { index: 0, key: '' },
  overlay: null,
  message: null,
});

/** Two workers are in one slot while one replaces the other. */
export const keyOf = ({ slot, generation, pid }: WorkerView): string =>
  `${slot}/${generation}/${pid}`;

export const selectedWorker = ({ workers, selected }: TopState): WorkerView | undefined =>
  workers[selected.index];

export function takeAnswer(
  state: TopState,
  status: StatusView,
  workers: readonly WorkerView[],
): TopState {
  const history = addSample(state.history, sampleOf(status));
  const next = { ...state, status, history, lost: null, answeredAt: state.now };
  return arrange(next, workers);
}

/** A second without an answer is a gap in the graphs. */
export const missAnswer = (state: TopState): TopState => ({
  ...state,
  history: addSample(state.history),
});

export const loseConnection = (state: TopState, why: string): TopState => ({
  ...state,
  lost: { since: state.lost?.since ?? state.now, why },
});

export const say = (state: TopState, tone: Tone, text: string): TopState => ({
  ...state,
  message: { tone, text, at: state.now },
});

export const sortBy = (state: TopState, order: Order): TopState =>
  arrange({ ...state, order }, state.workers);

/** The selection stays on its worker; when it has gone, on its line. */
function arrange(state: TopState, unsorted: readonly WorkerView[]): TopState {
  const workers = sortWorkers(unsorted, state.order);
  const { key, index } = state.selected;
  const found = workers.findIndex((worker) => keyOf(worker) === key);
  return select({ ...state, workers }, found < 0 ? index : found);
}

export function select(state: TopState, wanted: number): TopState {
  const index = Math.max(0, Math.min(wanted, state.workers.length - 1));
  const worker = state.workers[index];
  return { ...state, selected: { index, key: worker ? keyOf(worker) : '' } };
}
