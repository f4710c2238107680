import { controlExitCodes } from '../../src/core/errors.ts';
import type { StatusView } from '../../src/protocol/control/views.ts';
import { usageError } from '../command-line/globals.ts';
import { formatNumber } from '../output/format.ts';
import type { Line } from '../output/look.ts';
import { type Condition, parseCondition } from './condition.ts';
import { openInstance } from './open.ts';
import type { Invocation, Outcome, Run } from './run.ts';

/** Waits for an operation, or for a state of the instance. */
export async function wait(run: Run, invocation: Invocation): Promise<Outcome> {
  const [word = ''] = invocation.line.operands;
  const op = /^(?:op:)?([1-9]\d{0,9})$/.exec(word)?.[1];
  if (op !== undefined) return waitForOperation(run, invocation, Number(op));
  const condition = parseCondition(word);
  const { waitForState } = await import('./wait-for-state.ts');
  const status = await waitForState(run, invocation.globals, condition);
  const lines: Line[] = [[describe(condition, status)]];
  return {
    data: { condition: condition.name, status },
    exit: controlExitCodes.done,
    view: { lines: () => lines, rows: null },
  };
}

async function waitForOperation(run: Run, { globals }: Invocation, op: number): Promise<Outcome> {
  if (!globals.wait) throw usageError('--no-wait makes no sense with "wait"');
  const { operate } = await import('./operate.ts');
  const client = await openInstance(run, globals);
  run.op = op;
  try {
    return await operate({ run, globals, client }, 'wait', { operation: `op:${op}` });
  } finally {
    client.close();
  }
}

function describe({ name }: Condition, status: StatusView | null): string {
  if (status === null) return 'It does not run';
  const { workers, generation, instance } = status;
  const ready = `${workers.ready} of ${formatNumber(workers.wanted, 'worker')} ready`;
  const reached = name.startsWith('generation=') ? 'is there' : `is ${name}`;
  return `${instance} ${reached}: ${ready}, generation ${generation}`;
}
