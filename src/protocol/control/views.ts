import {
  anything,
  array,
  boolean,
  integer,
  nullable,
  number,
  type Of,
  object,
  oneOf,
  string,
} from '../../core/shape.ts';
import { gateways } from './gateways-view.ts';
import { memoryView } from './memory-view.ts';

// What the methods answer with. Durations are in milliseconds, sizes in bytes, moments (`at`) in
// milliseconds since the epoch, ages and deadlines relative to the answer.

export const lastReload = object({
  outcome: oneOf('done', 'failed', 'rolled-back'),
  generation: integer('The generation that the reload was to bring'),
  reason: nullable(string('Why it failed, or what the caller gave as reason')),
  at: integer(),
});

export type LastReload = Of<typeof lastReload>;

export const deathView = object({
  id: integer('Counts the deaths since the instance started'),
  role: oneOf('worker', 'gateway'),
  slot: integer(),
  pid: integer(),
  generation: integer(),
  reason: string('An exit reason: crashed, oom, timeout, reload, scaled ...'),
  code: nullable(integer('Exit code')),
  signal: nullable(string()),
  at: integer(),
  uptimeMs: integer(),
  rssBytes: integer('At its last beat'),
  requests: integer('Answered in its life'),
  inFlight: array(string(), 'Requests in flight, where it could still tell: `GET /path for 12 ms`'),
  inFlightCount: integer('At its last beat'),
  output: array(string(), 'Its last lines'),
  stack: nullable(string('Of a hung worker, or of what it died of')),
});
export type DeathView = Of<typeof deathView>;

export const runningOperation = object({
  op: integer(),
  method: string(),
  phase: string(),
  text: string('Its last progress'),
  ageMs: integer(),
});

export const traffic = object({
  requests: integer('Answered by all workers since the instance started'),
  inFlight: integer(),
  connections: integer(),
  requestsPerSecond: number(),
  p50Ms: nullable(number('Over about the last ten seconds')),
  p99Ms: nullable(number()),
});

export const listenerView = object({
  address: string('As it was asked for, canonical'),
  url: string(),
  backlog: integer('Asked for; the kernel caps it at net.core.somaxconn'),
  queued: nullable(
    integer('Connections that wait to be accepted; null where the kernel does not tell'),
  ),
  shared: boolean('One socket for all workers, or one for each (reuse_port)'),
});

export type ListenerView = Of<typeof listenerView>;

export const statusView = object({
  instance: string(),
  version: string(),
  app: string(),
  pid: integer(),
  uptimeMs: integer(),
  startedAt: integer(),
  mode: oneOf('starting', 'serving', 'reloading', 'confirming', 'upgrading', 'stopping'),
  generation: integer(),
  degraded: boolean('Fewer workers serve than should, and not because of an operation'),
  paused: boolean('Nothing is accepted (pause)'),
  held: boolean('Failed workers are not started again (hold)'),
  confirm: nullable(
    object({
      generation: integer('Waits to be confirmed'),
      parked: integer('The generation that serves again otherwise'),
      remainingMs: integer(),
    }),
  ),
  workers: object({
    wanted: integer(),
    ready: integer(),
    booting: integer(),
    draining: integer(),
    degraded: integer('Slots whose workers keep failing'),
    parked: integer('Alive, out of rotation'),
  }),
  gateways,
  listeners: array(listenerView),
  traffic,
  memory: memoryView,
  operations: array(runningOperation),
  lastReload: nullable(lastReload),
  lastDeath: nullable(
    object({
      id: integer(),
      role: oneOf('worker', 'gateway'),
      slot: integer(),
      reason: string(),
      code: nullable(integer()),
      signal: nullable(string()),
      at: integer(),
    }),
  ),
});
export type StatusView = Of<typeof statusView>;

export const workerView = object({
  slot: integer(),
  pid: nullable(integer()),
  kind: string('node, what serves a Python app, or gateway'),
  generation: integer(),
  phase: oneOf('booting', 'ready', 'drained', 'parked', 'failed', 'draining', 'dumping', 'killed'),
  why: nullable(string('Exit reason of one that leaves, or will')),
  uptimeMs: integer(),
  inFlight: integer(),
  connections: integer(),
  requests: integer(),
  requestsPerSecond: number(),
  p50Ms: nullable(number()),
  p99Ms: nullable(number()),
  cpuPercent: nullable(number('Of one core')),
  rssBytes: integer(),
  lagMs: integer('Delay of its event loop, at its last beat'),
  lastBeatMs: nullable(integer('Age of its last beat; null before the first')),
});
export type WorkerView = Of<typeof workerView>;

export const requestView = object({
  slot: nullable(integer('Null while it waits for a worker')),
  pid: nullable(integer()),
  method: string(),
  path: string('Without the query'),
  client: nullable(string()),
  ageMs: integer(),
});
export type RequestView = Of<typeof requestView>;

/** What an operation did to one worker. */
export const workerOutcome = object({
  slot: integer(),
  pid: nullable(integer()),
  generation: integer(),
  outcome: oneOf('ready', 'left', 'failed', 'parked', 'returned', 'unchanged'),
  detail: nullable(string()),
});
export type WorkerOutcome = Of<typeof workerOutcome>;

export const workerOutcomes = array(workerOutcome, 'What happened to each worker');

export const settingView = object({
  name: string('As in a config file: snake_case'),
  value: anything(),
  origin: string(),
  onReload: oneOf('live', 'generation', 'restart'),
});
export type SettingView = Of<typeof settingView>;

export const settingChange = object({
  name: string(),
  running: anything(),
  file: anything('Its value after all sources are read anew'),
  origin: string(),
  onReload: oneOf('live', 'generation', 'restart'),
});
export type SettingChangeView = Of<typeof settingChange>;

export const problems = array(
  string(),
  'What is wrong, each with its origin; empty when all is good',
);

export const statsView = object({
  uptimeMs: integer(),
  traffic,
  workers: object({
    started: integer(),
    deaths: anything('Number of deaths by exit reason'),
  }),
  gateways,
  reloads: object({ done: integer(), failed: integer(), rolledBack: integer() }),
  arbiter: object({
    rssBytes: integer(),
    heapBytes: integer(),
    cpuMs: integer(),
    lagMs: integer(),
  }),
  control: object({
    connections: integer(),
    subscribers: integer(),
    calls: integer(),
    refused: integer(),
  }),
  log: object({ seq: integer() }),
  events: object({ seq: integer() }),
});
export type StatsView = Of<typeof statsView>;

// Notifications.

/** To whoever waits for the operation. The first one tells its id before anything is done. */
export const progressView = object({
  op: integer(),
  method: string(),
  seq: integer('Counts from 1 within the operation'),
  phase: string('A word: started, preparing, canary, rolling, draining ...'),
  text: string('For people'),
  slot: nullable(integer()),
  done: nullable(integer('Of `total` steps')),
  total: nullable(integer()),
});
export type ProgressView = Of<typeof progressView>;

export const eventView = object({
  seq: integer('Counts from 1 since `epoch`'),
  at: integer(),
  type: string('serving, reload-started, worker-exited ...'),
  text: string('For people'),
  detail: anything(),
});
export type EventView = Of<typeof eventView>;

export const logView = object({
  seq: integer(),
  at: integer(),
  level: oneOf('debug', 'info', 'warning', 'error', 'critical'),
  pid: integer(),
  slot: nullable(integer()),
  message: string(),
});
export type LogView = Of<typeof logView>;
