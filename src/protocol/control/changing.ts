import { choice, duration, flag, int, text, textLike } from '../../core/schema.ts';
import { anything, array, boolean, integer, nullable, oneOf, string } from '../../core/shape.ts';
import { orNumber, slot } from './looking.ts';
import { argument, operation, optional, optionalArgument } from './method.ts';
import { settingChange, workerOutcomes } from './views.ts';

const count = orNumber(
  textLike('N|+N|-N', /^[+-]?\d{1,4}$/, 'a number of workers such as "4", "+2" or "-1"'),
);

const reason = optional(text('TEXT'), 'Why, for log and status');

/** Operations: what changes the instance. */
export const changingMethods = {
  scale: operation({
    summary: 'Change the number of workers',
    description:
      'A number is the new target, +N and -N change the target that the daemon has by then. Answers when the new workers serve or the surplus ones have left. A reload or an upgrade goes back to the number of the settings.',
    params: { workers: argument(count, 'N, +N or -N') },
    result: { from: integer(), to: integer(), changed: boolean(), workers: workerOutcomes },
  }),
  reload: operation({
    summary: 'Bring in new settings and code without losing a request',
    description:
      'Old workers serve until new ones are ready; a failure leaves everything as it was. With confirmWithin the old generation is kept parked after the switch and serves again unless confirm comes in time.',
    params: {
      canary: optional(flag(), 'First only one new worker, which has to stay alive for stabilize'),
      stabilize: optional(
        duration(),
        'How long the canary has to live (setting stabilize); implies canary',
      ),
      dryRun: optional(flag(), 'Only find out whether settings, addresses and app are good'),
      confirmWithin: optional(duration({ min: 0.1 }), 'Roll back unless confirmed in time'),
      ifGeneration: optional(int({ min: 1 }), 'Only if this generation serves, else a conflict'),
      reason,
    },
    result: {
      outcome: oneOf('done', 'confirming', 'dry-run'),
      generation: integer('That serves now'),
      previous: integer(),
      confirmWithinMs: nullable(integer()),
      changes: array(settingChange, 'Settings that are different now'),
      workers: workerOutcomes,
    },
  }),
  abort: operation({
    summary: 'Give up a reload or an upgrade that is under way',
    params: { reason },
    result: {
      aborted: integer('Id of the operation, 0 when a signal had started it'),
      method: string(),
    },
  }),
  confirm: operation({
    summary: 'Keep the new generation and retire the parked one',
    params: {},
    result: { generation: integer(), workers: workerOutcomes },
  }),
  rollback: operation({
    summary: 'Let the parked generation serve again and retire the new one',
    params: { reason },
    result: { generation: integer(), workers: workerOutcomes },
  }),
  recycle: operation({
    summary: 'Replace one worker, or all of them, by new ones of the same generation',
    params: {
      slot: optionalArgument(slot, 'Which one'),
      all: optional(flag(), 'All of them, reload_surge at a time'),
    },
    result: { workers: workerOutcomes },
  }),
  drain: operation({
    summary: 'Take one worker out of rotation; it stays alive',
    params: { slot: argument(slot, 'Which one') },
    result: { workers: workerOutcomes },
  }),
  undrain: operation({
    summary: 'Put a drained worker back into rotation',
    params: { slot: argument(slot, 'Which one') },
    result: { workers: workerOutcomes },
  }),
  kill: operation({
    summary: 'Send a signal to one worker and wait for its end',
    params: {
      slot: argument(slot, 'Which one'),
      signal: optional(choice('KILL', 'TERM', 'QUIT', 'INT', 'ABRT'), 'Which signal (KILL)'),
    },
    result: { workers: workerOutcomes },
  }),
  dump: operation({
    summary: 'Take the stack of one worker now, without harm to it',
    params: { slot: argument(slot, 'Which one') },
    result: { slot: integer(), pid: integer(), stack: string(), inFlight: array(string()) },
  }),
  hold: operation({
    summary: 'Do not start failed workers again until resume',
    params: {},
    result: { held: boolean(), changed: boolean() },
  }),
  resume: operation({
    summary: 'Start failed workers again, at once and without their back-off',
    params: {},
    result: { held: boolean(), changed: boolean() },
  }),
  pause: operation({
    summary: 'Accept nothing; new connections wait in the backlog',
    params: {},
    result: { paused: boolean(), changed: boolean() },
  }),
  unpause: operation({
    summary: 'Accept again',
    params: {},
    result: { paused: boolean(), changed: boolean() },
  }),
  reopen: operation({
    summary: 'Open all log files again, after they were rotated',
    params: {},
    result: { files: array(string()) },
  }),
  upgrade: operation({
    summary: 'Start the program anew with the same sockets and hand over when it serves',
    params: {},
    result: { from: integer('Pid'), to: integer('Pid') },
  }),
  stop: operation({
    summary: 'Stop the instance; requests in flight are finished',
    params: { quick: optional(flag(), 'Do not wait for requests') },
    result: { how: oneOf('graceful', 'quick'), workers: workerOutcomes },
  }),
  set: operation({
    summary: 'Change a live setting until the next reload',
    params: {
      name: argument(text('SETTING'), 'Its name'),
      value: argument(text('VALUE'), 'As on the command line'),
    },
    result: { name: string(), from: anything(), to: anything(), changed: boolean() },
  }),
};
