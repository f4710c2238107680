import type { Of } from '../../src/core/shape.ts';
import type { listenerView } from '../../src/protocol/control/views.ts';
import type { Renderer } from '../output/look.ts';
import { type Column, renderTable } from '../output/table.ts';

type Listener = Of<typeof listenerView>;

const columns: readonly Column<Listener>[] = [
  { field: 'url', title: 'URL', shortest: 20, text: ({ url }) => url },
  {
    field: 'queued',
    title: 'WAITING',
    align: 'right',
    dispensable: 1,
    text: ({ queued }) => (queued === null ? '-' : String(queued)),
    tone: ({ queued, backlog }) => ((queued ?? 0) * 2 > backlog ? 'bad' : 'plain'),
  },
  {
    field: 'backlog',
    title: 'BACKLOG',
    align: 'right',
    dispensable: 2,
    text: ({ backlog }) => String(backlog),
  },
  {
    field: 'shared',
    title: 'SOCKETS',
    dispensable: 3,
    text: ({ shared }) => (shared ? 'one for all' : 'one for each worker'),
  },
];

export const listenersRenderer: Renderer<readonly Listener[]> = {
  cut: true,
  lines: (listeners, look) => renderTable(columns, listeners, look),
  rows: (listeners) => listeners,
};
