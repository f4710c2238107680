import { headline } from '../../src/core/errors.ts';
import type { StatusView } from '../../src/protocol/control/views.ts';
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatNumber,
  formatRate,
} from '../output/format.ts';
import type { Line, Look, Renderer } from '../output/look.ts';
import type { Piece } from '../terminal/line.ts';
import type { Tone } from '../terminal/paint.ts';

/** At most so many listeners, and so many operations, have a line of their own. */
const most = 3;

/** At most 16 lines. */
export const statusRenderer: Renderer<StatusView> = {
  cut: true,
  lines: (status, look) => [
    renderHead(status),
    labelled('app', status.app),
    labelled('workers', ...renderWorkers(status)),
    ...renderGateways(status),
    ...renderListeners(status, look),
    labelled('traffic', renderTraffic(status)),
    labelled('requests', renderRequests(status)),
    labelled('memory', renderMemory(status)),
    ...renderOperations(status),
    ...renderConfirm(status, look),
    ...renderLastReload(status, look),
    ...renderLastDeath(status, look),
  ],
};

const labelled = (label: string, ...pieces: readonly Piece[]): Line => [
  ['faint', label.padEnd(11)],
  ...pieces,
];

function renderHead(status: StatusView): Line {
  const { instance, mode, degraded, paused, held, generation, uptimeMs, pid, version } = status;
  const tone: Tone = degraded ? 'bad' : mode === 'serving' && !paused ? 'good' : 'warn';
  const state = [mode, degraded && 'degraded', paused && 'paused', held && 'held'].filter(Boolean);
  const facts = `generation ${generation}, up ${formatDuration(uptimeMs)}, pid ${pid}`;
  return [['strong', instance], ' ', [tone, state.join(', ')], `  ${facts}, tsgun ${version}`];
}

function renderWorkers({ workers, degraded }: StatusView): Piece[] {
  const { wanted, ready } = workers;
  const others = (['booting', 'draining', 'parked'] as const)
    .filter((phase) => workers[phase] > 0)
    .map((phase) => `, ${workers[phase]} ${phase}`);
  const failing = workers.degraded;
  return [
    [degraded ? 'bad' : 'plain', `${ready}/${wanted} ready`],
    others.join(''),
    ...(failing > 0
      ? [', ', ['bad', `${formatNumber(failing, 'slot keeps', 'slots keep')} failing`] as const]
      : []),
  ];
}

function renderGateways({ gateways }: StatusView): Line[] {
  if (gateways === null) return [];
  const { wanted, ready, queued, queueLimit, refused, longLived, leaving } = gateways;
  const full = queued * 2 > queueLimit * wanted;
  return [
    labelled(
      'gateways',
      [ready < wanted ? 'bad' : 'plain', `${ready}/${wanted} ready`],
      queued > 0 ? [full ? 'bad' : 'plain', `, ${formatCount(queued)} queued`] : '',
      refused > 0 ? ['warn', `, ${formatCount(refused)} refused`] : '',
      longLived > 0 ? `, ${formatCount(longLived)} long-lived` : '',
      leaving > 0 ? ['warn', `, ${formatCount(leaving)} to be sent away`] : '',
    ),
  ];
}

function renderListeners({ listeners }: StatusView, { command }: Look): Line[] {
  const shown = listeners.length > most ? listeners.slice(0, most - 1) : listeners;
  const lines = shown.map(({ url, queued, backlog }, index) =>
    labelled(
      index === 0 ? 'listeners' : '',
      url,
      queued ? ([queued * 2 > backlog ? 'bad' : 'plain', `, ${queued} waiting`] as const) : '',
    ),
  );
  const more = listeners.length - shown.length;
  if (more > 0) lines.push(labelled('', `and ${more} more: ${command} listeners`));
  return lines.length === 0 ? [labelled('listeners', ['bad', 'none'])] : lines;
}

function renderTraffic({ traffic }: StatusView): string {
  const { requestsPerSecond, p50Ms, p99Ms } = traffic;
  const rate = `${formatRate(requestsPerSecond)} requests/s`;
  return `${rate}, p50 ${formatMs(p50Ms)}, p99 ${formatMs(p99Ms)}`;
}

function renderRequests({ traffic }: StatusView): string {
  const { requests, inFlight, connections } = traffic;
  const open = formatNumber(connections, 'connection');
  return `${formatCount(inFlight)} in flight, ${open}, ${formatCount(requests)} since the start`;
}

function renderMemory({ memory }: StatusView): string {
  const { arbiterBytes, group, workersBytes } = memory;
  const processes = `workers ${formatBytes(workersBytes)}, arbiter ${formatBytes(arbiterBytes)}`;
  // Without a limit it may be that of a whole session, and no concern of the instance.
  if (!group?.limitBytes || group.usedBytes === null) return processes;
  const { limitBytes, usedBytes } = group;
  return `${processes}, control group ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}`;
}

function renderOperations({ operations }: StatusView): Line[] {
  return operations.slice(0, most - 1).map(({ op, method, phase, text, ageMs }, index) => {
    const more = operations.length - most + 1;
    const rest = index === most - 2 && more > 0 ? `, and ${more} more` : '';
    const what = `op:${op} ${method}, ${phase} for ${formatDuration(ageMs)}: ${text}${rest}`;
    return labelled(index === 0 ? 'under way' : '', ['warn', what]);
  });
}

function renderConfirm({ confirm }: StatusView, { command }: Look): Line[] {
  if (confirm === null) return [];
  const { generation, parked, remainingMs } = confirm;
  const left = formatDuration(remainingMs);
  const text = `"${command} confirm" within ${left} keeps ${generation}, else ${parked} serves again`;
  return [labelled('confirm', ['warn', text])];
}

function renderLastReload({ lastReload }: StatusView, { now }: Look): Line[] {
  if (lastReload === null) return [];
  const { outcome, generation, reason, at } = lastReload;
  const tone: Tone = outcome === 'done' ? 'plain' : 'bad';
  const why = reason === null ? '' : `: ${headline(reason)}`;
  return [
    labelled('reload', [tone, outcome], ` (generation ${generation}) ${formatAgo(at, now)}${why}`),
  ];
}

function renderLastDeath({ lastDeath }: StatusView, { now, command }: Look): Line[] {
  if (lastDeath === null) return [];
  const { role, slot, reason, code, signal, at } = lastDeath;
  const how = signal ?? (code === null ? null : `exit code ${code}`);
  const what = `${role} ${slot} ${reason}${how === null ? '' : ` (${how})`} ${formatAgo(at, now)}`;
  const which = role === 'worker' ? ` ${slot}` : '';
  return [labelled('last death', what, `; more: ${command} why${which}`)];
}
