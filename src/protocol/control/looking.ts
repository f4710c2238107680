import { logLevels } from '../../core/logger.ts';
import { choice, duration, flag, int, type Schema, text, textLike } from '../../core/schema.ts';
import { anything, array, boolean, integer, object, oneOf, string } from '../../core/shape.ts';
import { argument, method, optional, optionalArgument } from './method.ts';
import {
  deathView,
  listenerView,
  problems,
  requestView,
  settingChange,
  settingView,
  statsView,
  statusView,
  workerView,
} from './views.ts';

export const slot = int({ max: 65_535 });

/** Of text that can be a number, which needs no quotes then. */
export const orNumber = (written: Schema<string>): Schema<string> => ({
  ...written,
  json: { ...written.json, type: ['string', 'integer'] },
  fromValue: (given) => written.fromValue(typeof given === 'number' ? String(given) : given),
});

const operationId = orNumber(
  textLike('op:ID', /^(?:op:)?[1-9]\d{0,9}$/, 'the id of an operation: 17 or "op:17"'),
);

const seq = int({ max: 2 ** 53 - 1 });

/** Methods that change nothing. */
export const lookingMethods = {
  hello: method({
    role: 'read',
    kind: 'connection',
    summary: 'Say who answers, in which version, and what the caller may do',
    params: {
      client: optional(text('NAME'), 'Name and version of the caller, for the log'),
    },
    result: object({
      name: string('Always tsgun'),
      version: string(),
      protocol: integer('Changes only when old clients would misunderstand'),
      instance: string(),
      pid: integer(),
      role: oneOf('read', 'admin'),
      methods: array(string(), 'What this caller may call'),
    }),
  }),
  ping: method({
    role: 'read',
    kind: 'connection',
    summary: 'Answer at once',
    params: {},
    result: object({ pid: integer(), uptimeMs: integer() }),
  }),
  status: method({
    role: 'read',
    kind: 'query',
    summary: 'Show the state of the instance',
    params: {},
    result: statusView,
  }),
  workers: method({
    role: 'read',
    kind: 'query',
    summary: 'List the workers',
    params: {},
    result: array(workerView),
  }),
  requests: method({
    role: 'read',
    kind: 'query',
    summary: 'List the requests in flight, oldest first',
    params: {
      slot: optionalArgument(slot, 'Only of this worker'),
      olderThan: optional(duration(), 'Only those under way for so long'),
    },
    result: object({
      requests: array(requestView),
      silent: array(integer(), 'Slots whose workers did not answer in time'),
      silentGateways: array(integer(), 'Slots of gateways that did not'),
    }),
  }),
  listeners: method({
    role: 'read',
    kind: 'query',
    summary: 'List the addresses that are served',
    params: {},
    result: array(listenerView),
  }),
  config: method({
    role: 'read',
    kind: 'query',
    summary: 'Show the settings in force and where they come from; secrets are masked',
    params: { name: optionalArgument(text('SETTING'), 'Only this setting') },
    result: array(settingView),
  }),
  'config-check': method({
    role: 'admin',
    kind: 'query',
    summary: 'Read all sources of settings anew and say whether they are good',
    params: {},
    result: object({ valid: boolean(), problems }),
  }),
  'config-diff': method({
    role: 'admin',
    kind: 'query',
    summary: 'Compare the sources of settings, read anew, with what runs',
    params: {},
    result: object({ changes: array(settingChange), problems }),
  }),
  stats: method({
    role: 'read',
    kind: 'query',
    summary: 'Show counters since the start',
    params: {},
    result: statsView,
  }),
  why: method({
    role: 'read',
    kind: 'query',
    summary: 'Tell why workers died, the last one first',
    description:
      'Without arguments the deaths that nobody asked for, or with --all every one of the last hundred.',
    params: {
      slot: optionalArgument(slot, 'Only of workers in this slot'),
      last: optional(int({ min: 1, max: 1000 }), 'At most so many (10)'),
      all: optional(flag(), 'Also those that were asked to leave'),
    },
    result: array(deathView),
  }),
  wait: method({
    role: 'read',
    kind: 'query',
    summary: 'Wait for an operation and answer as it does',
    description:
      'The last hundred operations can be asked for; the answer, or the error, is that of the operation itself.',
    params: { operation: argument(operationId, 'Its id, as op:17') },
    result: anything('Result of the operation'),
  }),
  subscribe: method({
    role: 'read',
    kind: 'connection',
    summary: 'Send events or log lines as notifications "event" and "log" from now on',
    description:
      'With `since` what is still remembered and came after that number is sent first; `lost` counts what is not remembered any more. Numbers are good within one `epoch`; with another one, `since` counts for nothing. A reader that is too slow is dropped with the notification "dropped".',
    params: {
      topic: argument(choice('events', 'log'), 'What to hear of'),
      since: optional(seq, 'Number of the last one seen'),
      epoch: optional(text('EPOCH'), 'Epoch that the number belongs to'),
      tail: optional(seq, 'Instead of since: so many of the last ones first'),
      level: optional(choice(...logLevels), 'Only log lines at least so grave'),
    },
    result: object({
      topic: string(),
      epoch: string(),
      seq: integer('Number of the last one before what follows'),
      lost: integer(),
    }),
  }),
  unsubscribe: method({
    role: 'read',
    kind: 'connection',
    summary: 'Send no more of a topic',
    params: { topic: argument(choice('events', 'log'), 'As in subscribe') },
    result: object({ topic: string(), subscribed: boolean('Whether it was subscribed') }),
  }),
  'rpc.discover': method({
    role: 'read',
    kind: 'connection',
    summary: 'Describe all methods as an OpenRPC document',
    params: {},
    result: anything('OpenRPC 1.3'),
  }),
};
