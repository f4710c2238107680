import type { StatusView } from '../../src/protocol/control/views.ts';
import { formatDuration } from '../output/format.ts';
import type { Line, Renderer } from '../output/look.ts';
import { type Column, renderTable } from '../output/table.ts';
import type { Tone } from '../terminal/paint.ts';

export interface InstanceView {
  name: string;
  socket: string;
  /** The mode of one that answers, degraded or paused; else stale, denied or silent. */
  state: string;
  status: StatusView | null;
}

const tones: Readonly<Record<string, Tone>> = {
  serving: 'good',
  degraded: 'bad',
  stale: 'faint',
  denied: 'faint',
  silent: 'bad',
};

const ofStatus = (
  title: string,
  dispensable: number,
  text: (status: StatusView) => string,
): Column<InstanceView> => ({
  field: title.toLowerCase(),
  title,
  align: 'right',
  dispensable,
  text: ({ status }) => (status === null ? '-' : text(status)),
});

const columns: readonly Column<InstanceView>[] = [
  { field: 'name', title: 'INSTANCE', text: ({ name }) => name },
  {
    field: 'state',
    title: 'STATE',
    text: ({ state }) => state,
    tone: ({ state }) => tones[state] ?? 'warn',
  },
  ofStatus('GEN', 3, ({ generation }) => String(generation)),
  ofStatus('WORKERS', 1, ({ workers }) => `${workers.ready}/${workers.wanted}`),
  ofStatus('UP', 2, ({ uptimeMs }) => formatDuration(uptimeMs)),
  ofStatus('PID', 4, ({ pid }) => String(pid)),
  ofStatus('VERSION', 5, ({ version }) => version),
  { field: 'socket', title: 'SOCKET', dispensable: 6, text: ({ socket }) => socket },
];

export const listRenderer: Renderer<readonly InstanceView[]> = {
  cut: true,
  lines: (instances, look): Line[] =>
    instances.length === 0 && look.fields === null
      ? [['No instances']]
      : renderTable(columns, instances, look),
  rows: (instances) => instances,
};
