import type { WorkerView } from '../../src/protocol/control/views.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatRate,
} from '../output/format.ts';
import type { Renderer } from '../output/look.ts';
import { toneOfPhase } from '../output/phase-tone.ts';
import { type Column, renderTable } from '../output/table.ts';

type Text = (worker: WorkerView) => string;

const right = (
  field: keyof WorkerView,
  title: string,
  dispensable: number,
  text: Text,
): Column<WorkerView> => ({ field, title, align: 'right', dispensable, text });

const columns: readonly Column<WorkerView>[] = [
  right('slot', 'SLOT', 0, ({ kind, slot }) => (kind === 'gateway' ? `gw ${slot}` : String(slot))),
  right('pid', 'PID', 1, ({ pid }) => (pid === null ? '-' : String(pid))),
  right('generation', 'GEN', 3, ({ generation }) => String(generation)),
  {
    field: 'phase',
    title: 'PHASE',
    dispensable: 0,
    // Why it leaves is said once it leaves; a crashed one waits for its back-off.
    text: ({ phase, why }) => (why === null ? phase : `${phase} (${why})`),
    shortest: 8,
    tone: toneOfPhase,
  },
  right('uptimeMs', 'UP', 2, ({ uptimeMs }) => formatDuration(uptimeMs)),
  right('requests', 'REQ', 7, ({ requests }) => formatCount(requests)),
  right('requestsPerSecond', 'REQ/S', 4, (worker) => formatRate(worker.requestsPerSecond)),
  right('p50Ms', 'P50', 8, ({ p50Ms }) => formatMs(p50Ms)),
  right('p99Ms', 'P99', 5, ({ p99Ms }) => formatMs(p99Ms)),
  right('inFlight', 'INFLIGHT', 1, ({ inFlight }) => String(inFlight)),
  right('cpuPercent', 'CPU', 5, ({ cpuPercent }) =>
    cpuPercent === null ? '-' : `${Math.round(cpuPercent)}%`,
  ),
  right('rssBytes', 'RSS', 2, ({ rssBytes }) => formatBytes(rssBytes)),
  right('lagMs', 'LAG', 9, ({ lagMs }) => formatMs(lagMs)),
  right('lastBeatMs', 'BEAT', 6, ({ lastBeatMs }) =>
    lastBeatMs === null ? '-' : formatDuration(lastBeatMs),
  ),
];

/** Where all are the same, nobody needs to be told. */
const kind: Column<WorkerView> = {
  field: 'kind',
  title: 'KIND',
  dispensable: 6,
  text: (worker) => worker.kind,
};

export const workersRenderer: Renderer<readonly WorkerView[]> = {
  cut: true,
  lines(workers, look) {
    const mixed = workers.some((worker) => worker.kind !== 'node');
    return renderTable(mixed ? columns.toSpliced(2, 0, kind) : columns, workers, look);
  },
  rows: (workers) => workers,
};
