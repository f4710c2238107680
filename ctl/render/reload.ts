import type { Result } from '../../src/protocol/control/methods.ts';
import { formatDuration } from '../output/format.ts';
import type { Line, Look, Renderer } from '../output/look.ts';
import { renderTable } from '../output/table.ts';
import { broughtColumns, changeColumns } from './config.ts';
import { summariseOutcomes } from './outcomes.ts';

type Reload = Result<'reload'>;

export const reloadRenderer: Renderer<Reload> = {
  lines: (reload, look) => [
    renderHead(reload, look),
    ...renderTable(reload.outcome === 'dry-run' ? changeColumns : broughtColumns, reload.changes, {
      ...look,
      header: look.header && reload.changes.length > 0,
      fields: null,
    }).map((line): Line => ['  ', ...line]),
    ...summariseOutcomes(reload.workers, look),
  ],
};

function renderHead({ outcome, generation, previous, confirmWithinMs }: Reload, look: Look): Line {
  if (outcome === 'dry-run') return [['good', 'Settings, addresses and app are good']];
  if (outcome === 'done') {
    return [['good', `Generation ${generation} serves`], `, it was ${previous}`];
  }
  const left = confirmWithinMs === null ? 'in time' : `within ${formatDuration(confirmWithinMs)}`;
  return [
    ['warn', `Generation ${generation} serves for now`],
    `: "${look.command} confirm" ${left} keeps it, else ${previous} serves again`,
  ];
}
