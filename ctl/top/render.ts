import { layEnds, layLine } from '../terminal/line.ts';
import type { Paint } from '../terminal/paint.ts';
import { renderActivity, renderGraphs, renderHealth, renderTitle } from './head.ts';
import { pageOf, partsOf, type Size } from './layout.ts';
import { overlayLines, titleOfOverlay } from './overlay.ts';
import type { Overlay, TopState } from './state.ts';
import { renderTable } from './table.ts';

/** How the terminal wants it. */
export interface Look {
  paint: Paint;
  unicode: boolean;
}

/** The whole screen, from above; no more lines than there are rows, none wider than there are columns. */
export function render(state: TopState, size: Size, look: Look): string[] {
  const { overlay } = state;
  const lines =
    overlay && overlay.kind !== 'confirm'
      ? renderOverlay(overlay, size, look)
      : renderOverview(state, size, look);
  return lines.slice(0, Math.max(0, size.rows));
}

function renderOverview(state: TopState, size: Size, { paint, unicode }: Look): string[] {
  const { columns } = size;
  const { graphs, head, footer } = partsOf(size);
  const page = pageOf(size, false);
  const { lines, range } = renderTable(state, { columns, rows: page }, paint, unicode);
  const blank = Array.from({ length: page + 1 - lines.length }, () => '');
  return [
    renderTitle(state, columns, paint),
    ...(head > 1
      ? [renderHealth(state, columns, paint), renderActivity(state, columns, paint)]
      : []),
    ...(graphs ? renderGraphs(state, columns, paint, unicode) : []),
    ...lines,
    ...blank,
    renderMessage(state, columns, paint),
    ...(footer ? [layEnds([['faint', keys]], [['faint', range]], columns, paint)] : []),
  ];
}

const keys = '? help  q quit  s sort  +/- scale  R recycle  D dump  L reload';

/** Outcomes are old news after a while; failures stay. */
const shownMs = 20_000;

function renderMessage({ message, overlay, now }: TopState, columns: number, paint: Paint): string {
  if (overlay?.kind === 'confirm') {
    return layLine([['warn', overlay.question]], columns, paint);
  }
  if (message === null || (message.tone !== 'bad' && now - message.at > shownMs)) return '';
  const [first = '', ...more] = message.text.trim().split(/\r?\n/);
  const hint = more.length > 0 || first.length > columns ? ' (e: all)' : '';
  const room = Math.max(0, columns - hint.length);
  return layLine([[message.tone, layLine([first], room, plain)], hint], columns, paint);
}

const plain: Paint = (_, text) => text;

function renderOverlay(
  overlay: Exclude<Overlay, { kind: 'confirm' }>,
  size: Size,
  { paint }: Look,
): string[] {
  const lines = overlayLines(overlay, size);
  const page = pageOf(size, true);
  const top = Math.max(0, Math.min(overlay.top, lines.length - page));
  const shown = lines.slice(top, top + page);
  const range = `${top + 1}-${top + shown.length} of ${lines.length}`;
  return [
    layLine([['inverse', titleOfOverlay(overlay).padEnd(size.columns)]], size.columns, paint),
    ...shown,
    ...Array.from({ length: page - shown.length }, () => ''),
    layEnds(
      [['faint', 'q close  up down PgUp PgDn scroll']],
      [['faint', range]],
      size.columns,
      paint,
    ),
  ];
}
