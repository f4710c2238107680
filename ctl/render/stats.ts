import type { StatsView } from '../../src/protocol/control/views.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatNumber,
  formatRate,
} from '../output/format.ts';
import type { Line, Renderer } from '../output/look.ts';

export const statsRenderer: Renderer<StatsView> = {
  lines: (stats): Line[] =>
    Object.entries({
      up: formatDuration(stats.uptimeMs),
      requests: renderRequests(stats),
      latency: `p50 ${formatMs(stats.traffic.p50Ms)}, p99 ${formatMs(stats.traffic.p99Ms)}`,
      connections: formatCount(stats.traffic.connections),
      workers: renderWorkers(stats),
      reloads: renderReloads(stats),
      arbiter: renderArbiter(stats),
      control: renderControl(stats),
      events: `${formatCount(stats.events.seq)}, log lines ${formatCount(stats.log.seq)}`,
    }).map(([label, text]): Line => [['faint', label.padEnd(13)], text]),
};

const renderRequests = ({ traffic }: StatsView): string =>
  `${formatCount(traffic.requests)} answered, ${formatRate(traffic.requestsPerSecond)}/s, ${formatCount(traffic.inFlight)} in flight`;

function renderWorkers({ workers }: StatsView): string {
  const { deaths } = workers;
  const told =
    typeof deaths === 'object' && deaths !== null
      ? Object.entries(deaths).map(([reason, count]) => `${String(count)} ${reason}`)
      : [];
  return `${formatCount(workers.started)} started, ended: ${told.join(', ') || 'none'}`;
}

const renderReloads = ({ reloads }: StatsView): string =>
  `${reloads.done} done, ${reloads.failed} failed, ${reloads.rolledBack} rolled back`;

const renderArbiter = ({ arbiter, uptimeMs }: StatsView): string =>
  [
    `memory ${formatBytes(arbiter.rssBytes)} (heap ${formatBytes(arbiter.heapBytes)})`,
    `CPU ${formatDuration(arbiter.cpuMs)} (${((100 * arbiter.cpuMs) / Math.max(1, uptimeMs)).toFixed(1)}%)`,
    `lag ${formatMs(arbiter.lagMs)}`,
  ].join(', ');

const renderControl = ({ control }: StatsView): string =>
  [
    formatNumber(control.connections, 'connection'),
    formatNumber(control.subscribers, 'subscriber'),
    formatNumber(control.calls, 'call'),
    `${formatCount(control.refused)} refused`,
  ].join(', ');
