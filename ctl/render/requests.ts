import type { Result } from '../../src/protocol/control/methods.ts';
import type { RequestView } from '../../src/protocol/control/views.ts';
import { formatDuration } from '../output/format.ts';
import type { Line, Renderer } from '../output/look.ts';
import { type Column, renderTable } from '../output/table.ts';

const columns: readonly Column<RequestView>[] = [
  {
    field: 'ageMs',
    title: 'AGE',
    align: 'right',
    text: ({ ageMs }) => formatDuration(ageMs),
    tone: ({ ageMs }) => (ageMs > 10_000 ? 'warn' : 'plain'),
  },
  {
    field: 'slot',
    title: 'SLOT',
    align: 'right',
    dispensable: 1,
    text: ({ slot }) => (slot === null ? 'queue' : String(slot)),
  },
  {
    field: 'pid',
    title: 'PID',
    align: 'right',
    dispensable: 3,
    text: ({ pid }) => (pid === null ? '-' : String(pid)),
  },
  {
    field: 'client',
    title: 'CLIENT',
    dispensable: 2,
    text: ({ client }) => client ?? '-',
  },
  { field: 'method', title: 'METHOD', dispensable: 1, text: ({ method }) => method },
  { field: 'path', title: 'PATH', shortest: 12, text: ({ path }) => path },
];

const noRequests = 'No requests in flight';

export const requestsRenderer: Renderer<Result<'requests'>> = {
  cut: true,
  lines: ({ requests, silent, silentGateways }, look) => [
    ...(requests.length === 0 && look.fields === null
      ? [
          [
            silent.length + silentGateways.length === 0
              ? noRequests
              : `${noRequests} in those that answered`,
          ],
        ]
      : renderTable(columns, requests, look)),
    ...silent.map(
      (slot): Line => [
        ['warn', `Worker ${slot} did not answer in time`],
        `; what it does: ${look.command} dump ${slot}`,
      ],
    ),
    ...silentGateways.map((slot): Line => [['warn', `Gateway ${slot} did not answer in time`]]),
  ],
  rows: ({ requests }) => requests,
};
