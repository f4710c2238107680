import type { Draft } from './draft.ts';
import type { Command } from './event.ts';
import { canAbort } from './roll.ts';
import { findInSlot } from './slots.ts';
import { isServing, type Mode, rollOf } from './state.ts';

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
  reload({ generation }, command) {
    const { ifGeneration } = command as Extract<Command, { command: 'reload' }>;
    if (ifGeneration === undefined || ifGeneration === generation) return null;
    return `generation ${generation} serves, not ${ifGeneration}`;
  },
  drain(draft, command) {
    const child = 'slot' in command && command.slot !== null && findInSlot(draft, command.slot);
    if (!child) return null;
    if (child.worker.phase === 'booting') return 'the worker is not ready yet';
    if (!isServing(child)) return null;
    const others = [...draft.children.values()].some((one) => one !== child && isServing(one));
    return others ? null : 'it is the only worker in rotation';
  },
};
