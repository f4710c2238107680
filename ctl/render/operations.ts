import type { MethodName, Result } from '../../src/protocol/control/methods.ts';
import { formatDuration, formatSetting } from '../output/format.ts';
import type { Line, Renderer } from '../output/look.ts';
import { renderOutcomes, summariseOutcomes } from './outcomes.ts';

const already = (changed: boolean): string => (changed ? '' : ', as before');

const oneByOne: Renderer<Result<'recycle'>> = {
  lines: ({ workers }) => renderOutcomes(workers),
};

const generationServes: Renderer<Result<'confirm'>> = {
  lines: ({ generation, workers }, look) => [
    [['good', `Generation ${generation} serves`]],
    ...summariseOutcomes(workers, look),
  ],
};

const heldOrNot: Renderer<Result<'hold'>> = {
  lines: ({ held, changed }): Line[] => [
    [
      (held ? 'Failed workers are not started again' : 'Failed workers are started again') +
        already(changed),
    ],
  ],
};

const pausedOrNot: Renderer<Result<'pause'>> = {
  lines: ({ paused, changed }): Line[] => [
    [(paused ? 'Paused, new connections wait' : 'Accepting') + already(changed)],
  ],
};

/** Results that are told in a line or a few. */
export const operationRenderers = {
  scale: {
    lines: ({ from, to, changed, workers }, look) => [
      [changed ? `Workers: ${from} -> ${to}` : `Workers: ${to}, as before`],
      ...summariseOutcomes(workers, look),
    ],
  },
  abort: {
    lines: ({ aborted, method }): Line[] => [
      [`Gave up the ${method}${aborted === 0 ? ' that a signal had started' : ` op:${aborted}`}`],
    ],
  },
  confirm: generationServes,
  rollback: generationServes,
  recycle: oneByOne,
  drain: { lines: ({ workers }) => renderOutcomes(workers, { parked: 'drained' }) },
  undrain: oneByOne,
  kill: oneByOne,
  dump: {
    lines: ({ slot, pid, stack, inFlight }): Line[] => [
      [['strong', `Worker ${slot}`], ` (pid ${pid})`],
      ...stack
        .trimEnd()
        .split('\n')
        .map((line): Line => ['  ', line]),
      ...(inFlight.length === 0 ? [] : [['  In flight:'] as const]),
      ...inFlight.map((line): Line => ['    ', line]),
    ],
  },
  hold: heldOrNot,
  resume: heldOrNot,
  pause: pausedOrNot,
  unpause: pausedOrNot,
  reopen: {
    lines: ({ files }): Line[] =>
      files.length === 0
        ? [['No log files are open']]
        : files.map((file): Line => ['Opened ', file]),
  },
  upgrade: { lines: ({ from, to }): Line[] => [[`Handed over from pid ${from} to pid ${to}`]] },
  stop: { lines: (_stop): Line[] => [['Stopped']] },
  set: {
    lines: ({ name, from, to, changed }): Line[] => [
      [
        changed
          ? `${name}: ${formatSetting(from)} -> ${formatSetting(to)}, until the next reload`
          : `${name}: ${formatSetting(to)}, as before`,
      ],
    ],
  },
  ping: {
    lines: ({ pid, uptimeMs }): Line[] => [[`pid ${pid} answers, up ${formatDuration(uptimeMs)}`]],
  },
} as const satisfies { [M in MethodName]?: Renderer<Result<M>> };
