import { messageOf, TsgunError } from '../../src/core/errors.ts';
import type { WorkerOutcome } from '../../src/protocol/control/views.ts';
import type { ControlClient } from '../client.ts';
import type { Tone } from '../terminal/paint.ts';
import { compactAge } from './compact.ts';
import type { Command } from './press.ts';

export type Operation = Exclude<Command, { do: 'quit' | 'suspend' | 'redraw' }>;

/** What is to be shown of it: a line, or a text to read. */
export type Outcome = { tone: Tone; text: string } | { title: string; text: string };

/** What is asked for, before anything is known of it. */
export function describeOperation(operation: Operation): string {
  switch (operation.do) {
    case 'scale':
      return `scale ${operation.workers}`;
    case 'recycle':
    case 'dump':
      return `${operation.do} ${operation.slot}`;
    case 'reload':
      return 'reload';
  }
}

/** Never throws: a failure is an outcome to show. */
export async function perform(client: () => ControlClient, operation: Operation): Promise<Outcome> {
  try {
    return await performNow(client(), operation);
  } catch (error) {
    const op = error instanceof TsgunError ? error.detail['op'] : undefined;
    const name = `${typeof op === 'number' ? `op:${op} ` : ''}${describeOperation(operation)}`;
    return { tone: 'bad', text: `${name}: ${messageOf(error)}` };
  }
}

async function performNow(client: ControlClient, operation: Operation): Promise<Outcome> {
  switch (operation.do) {
    case 'scale': {
      const { op, from, to, changed } = await client.call('scale', { workers: operation.workers });
      return changed
        ? good(op, `scaled from ${from} to ${to}`)
        : good(op, `nothing to do, ${to} workers are wanted`);
    }
    case 'recycle': {
      const { op, workers } = await client.call('recycle', { slot: operation.slot });
      return good(op, `worker ${operation.slot} recycled${describeNew(workers)}`);
    }
    case 'dump':
      return dump(client, operation.slot);
    case 'reload':
      return reload(client);
  }
}

async function reload(client: ControlClient): Promise<Outcome> {
  const { op, generation, previous, confirmWithinMs } = await client.call('reload', {});
  const limit =
    confirmWithinMs === null ? '' : `, to be confirmed within ${compactAge(confirmWithinMs)}`;
  return good(op, `reloaded: generation ${generation} serves, before it ${previous}${limit}`);
}

async function dump(client: ControlClient, slot: number): Promise<Outcome> {
  const { pid, stack, inFlight } = await client.call('dump', { slot });
  const requests = inFlight.length > 0 ? ['', 'Requests in flight:', ...inFlight] : [];
  return {
    title: `Stack of worker ${slot} (pid ${pid})`,
    text: [stack.trimEnd(), ...requests].join('\n'),
  };
}

const good = (op: number, text: string): Outcome => ({ tone: 'good', text: `op:${op} ${text}` });

const describeNew = (workers: readonly WorkerOutcome[]): string => {
  const pid = workers.find(({ outcome }) => outcome === 'ready')?.pid ?? null;
  return pid === null ? '' : `, now pid ${pid}`;
};
