import type { DeathView } from '../../src/protocol/control/views.ts';
import {
  formatAgo,
  formatBytes,
  formatDuration,
  formatNumber,
  formatTime,
} from '../output/format.ts';
import type { Line, Look, Renderer } from '../output/look.ts';
import { renderTable } from '../output/table.ts';

/** A post-mortem for each death, the last one first. */
export const whyRenderer: Renderer<readonly DeathView[]> = {
  lines(deaths, look): Line[] {
    if (look.fields !== null) return renderTable([], deaths, look);
    if (deaths.length === 0) return [['No such deaths']];
    return deaths.flatMap((death, index) => [
      ...(index === 0 ? [] : [[]]),
      ...renderDeath(death, look),
    ]);
  },
  rows: (deaths) => deaths,
};

const renderDeath = (death: DeathView, look: Look): Line[] => [
  renderHead(death, look),
  [renderLife(death)],
  ...renderBlock(`In flight (${death.inFlightCount}):`, renderInFlight(death)),
  ...renderBlock('Last output:', death.output),
  ...renderBlock('Stack:', death.stack === null ? [] : death.stack.trimEnd().split('\n')),
];

function renderHead(
  { role, slot, pid, generation, reason, code, signal, at }: DeathView,
  look: Look,
): Line {
  const how = signal !== null ? `by ${signal}` : code === null ? '' : `with exit code ${code}`;
  const when = `${formatTime(at)}, ${formatAgo(at, look.now)}`;
  return [
    ['strong', `${role === 'worker' ? 'Worker' : 'Gateway'} ${slot}`],
    ` (pid ${pid}, generation ${generation}) `,
    ['bad', `${reason}${how === '' ? '' : `, ended ${how}`}`],
    `  ${when}`,
  ];
}

const renderLife = ({ uptimeMs, requests, rssBytes }: DeathView): string =>
  `  lived ${formatDuration(uptimeMs)}, answered ${formatNumber(requests, 'request')}, used ${formatBytes(rssBytes)}`;

function renderInFlight({ inFlight, inFlightCount }: DeathView): readonly string[] {
  if (inFlightCount === 0) return [];
  const untold = inFlightCount - inFlight.length;
  return untold > 0 ? [...inFlight, `${untold} of which nothing is known`] : inFlight;
}

const renderBlock = (title: string, lines: readonly string[]): Line[] =>
  lines.length === 0 ? [] : [[`  ${title}`], ...lines.map((line): Line => ['    ', line])];
