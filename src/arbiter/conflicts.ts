import type { Draft } from './draft.ts';
import type { Command } from './event.ts';
import { isOut } from './park.ts';
import { canRecycle, findInSlot } from './slots.ts';
import {
  type ArbiterState,
  type Child,
  canAbort,
  isParked,
  isServing,
  isUp,
  isWorker,
  type Mode,
  rollOf,
} from './state.ts';

export interface Conflict {
  why: 'conflict' | 'failed';
  message: string;
}

type Rule = (draft: Draft, command: Command) => string | null;

/** What each mode leaves no room for. A stop is always possible, and ends everything else. */
const excluded: Record<Mode['kind'], readonly Command['command'][]> = {
  starting: ['reload', 'upgrade', 'recycle', 'drain', 'undrain'],
  serving: [],
  reloading: ['reload', 'upgrade'],
  upgrading: ['reload', 'upgrade', 'scale', 'resize', 'recycle', 'drain', 'undrain', 'kill'],
  stopping: [
    ...(['reload', 'upgrade', 'scale', 'resize', 'recycle', 'drain', 'undrain', 'kill'] as const),
    ...(['abort', 'confirm', 'rollback', 'hold', 'resume', 'pause', 'unpause'] as const),
  ],
};

const underWay: Record<Mode['kind'], string> = {
  starting: 'the instance is starting',
  serving: '',
  reloading: 'a reload is under way',
  upgrading: 'an upgrade is under way',
  stopping: 'the instance is stopping',
};

/** Why an operation cannot begin now; null when it can. */
export function findConflict(draft: Draft, command: Command): Conflict | null {
  const { kind } = draft.mode;
  const reason = excluded[kind].includes(command.command)
    ? describeMode(draft)
    : (rules[command.command]?.(draft, command) ?? null);
  if (reason !== null) {
    return { why: 'conflict', message: `Cannot ${verbOf(command)}: ${reason}` };
  }
  if ('slot' in command && command.slot !== null && !findInSlot(draft, command.slot)) {
    return { why: 'failed', message: `There is no worker in slot ${command.slot}` };
  }
  return null;
}

const verbOf = ({ command }: Command): string => (command === 'resize' ? 'scale' : command);

function describeMode(draft: Draft): string {
  const stage = rollOf(draft)?.stage.kind;
  const waits = `generation ${draft.generation} waits to be confirmed or rolled back`;
  const op = [...draft.operations].find(([, { goal }]) => goal === 'reload' || goal === 'upgrade');
  const which = op ? ` (op:${op[0]})` : '';
  return stage === 'confirming' ? waits : underWay[draft.mode.kind] + which;
}

const confirming: Rule = (draft) =>
  rollOf(draft)?.stage.kind === 'confirming' ? null : 'no generation waits to be confirmed';

const rules: Partial<Record<Command['command'], Rule>> = {
  confirm: confirming,
  rollback: confirming,
  abort({ mode }) {
    if (mode.kind === 'upgrading') return null;
    if (mode.kind !== 'reloading') return 'no reload and no upgrade is under way';
    if (mode.preparing || (mode.roll && canAbort(mode.roll))) return null;
    const waits = mode.roll?.stage.kind === 'confirming';
    return waits ? 'the new generation serves already; use rollback' : 'the reload has switched';
  },
  reload: (draft, command) =>
    'ifGeneration' in command ? describeOtherGeneration(draft, command.ifGeneration) : null,
  recycle(draft, command) {
    const child = childOf(draft, command);
    if (!child || canRecycle(draft, child)) return null;
    return whyUnfit(child) ?? 'a reload replaces the worker';
  },
  drain(draft, command) {
    const child = childOf(draft, command);
    if (!child || !isServing(child)) return child ? whyUnfit(child) : null;
    const others = [...draft.children.values()].some(
      (one) => one !== child && isWorker(one) && isServing(one),
    );
    return others ? null : 'it is the only worker in rotation';
  },
};

/** Null when the one that is wanted serves. */
export const describeOtherGeneration = (
  { generation }: ArbiterState,
  wanted: number | undefined,
): string | null =>
  wanted === undefined || wanted === generation
    ? null
    : `generation ${generation} serves, not ${wanted}`;

const childOf = (draft: Draft, command: Command): Child | undefined =>
  'slot' in command && command.slot !== null ? findInSlot(draft, command.slot) : undefined;

/** Why nothing can be made of a worker; null of one that is up. */
function whyUnfit(child: Child): string | null {
  const { worker } = child;
  if (worker.phase === 'booting') return 'the worker is not ready yet';
  if (!isUp(child)) return 'the worker is leaving';
  return isParked(child) && !isOut(child) ? 'the worker is parked until confirm or rollback' : null;
}
