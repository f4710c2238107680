import { bytes, choice, duration, either, flag, int } from '../../core/schema.ts';
import { setting } from '../define.ts';
import { translateWorkerClass } from '../worker-class.ts';

export const workerClasses = [
  'auto',
  'node',
  'sync',
  'gthread',
  'gevent',
  'eventlet',
  'asgi',
] as const;

export type WorkerClass = (typeof workerClasses)[number];

/** Also by the names that Gunicorn has for them. */
const known = choice(...workerClasses);
const workerClassSchema: typeof known = {
  ...known,
  fromText: (text) => known.fromText(translateWorkerClass(text)),
  fromValue: (value) =>
    known.fromValue(typeof value === 'string' ? translateWorkerClass(value) : value),
};

export const workerSettings = {
  workers: setting<number | 'auto'>({
    schema: either(int({ min: 1, max: 1024 }), choice('auto')),
    default: 1,
    onReload: 'generation',
    short: 'w',
    environment: { variable: 'WEB_CONCURRENCY' },
    summary: 'Number of workers; "auto" is 2 x CPUs + 1',
  }),
  workerClass: setting<WorkerClass>({
    schema: workerClassSchema,
    default: 'auto',
    onReload: 'generation',
    short: 'k',
    summary: 'Kind of workers: auto, node, sync, gthread, gevent, eventlet or asgi',
  }),
  threads: setting<number>({
    schema: int({ min: 1, max: 1024 }),
    default: 1,
    onReload: 'generation',
    summary: 'Threads of a Python worker; beyond 1: thread pool of a Node.js worker',
    description:
      'A WSGI app with more than one is served by gthread workers. For Node.js it is UV_THREADPOOL_SIZE.',
  }),
  workerConnections: setting<number>({
    schema: int({ min: 1 }),
    default: 1000,
    onReload: 'generation',
    summary: 'Connections of a Node.js worker, requests at once of gevent, eventlet and asgi',
  }),
  maxRequests: setting<number>({
    schema: int(),
    default: 0,
    onReload: 'generation',
    summary: 'Replace a worker after this many requests; 0 never',
  }),
  maxRequestsJitter: setting<number>({
    schema: int({ max: 2 ** 30 }),
    default: 0,
    onReload: 'generation',
    summary: 'Most that is added to max_requests at random',
  }),
  maxMemory: setting<number>({
    schema: bytes(),
    default: 0,
    onReload: 'live',
    summary: 'Replace a worker that uses more memory (RSS); 0 never',
  }),
  maxWorkerAge: setting<number>({
    schema: duration(),
    default: 0,
    onReload: 'live',
    summary: 'Replace a worker that is older; 0 never',
  }),
  timeout: setting<number>({
    schema: duration(),
    default: 30,
    onReload: 'generation',
    short: 't',
    summary: 'Kill a worker that is blocked for longer; 0 never',
  }),
  bootTimeout: setting<number>({
    schema: duration({ min: 0.1 }),
    default: 60,
    onReload: 'live',
    summary: 'Time a worker may take until it is ready',
  }),
  gracefulTimeout: setting<number>({
    schema: duration(),
    default: 30,
    onReload: 'generation',
    summary: 'Time a leaving worker may take to finish its requests',
  }),
  quickTimeout: setting<number>({
    schema: duration(),
    default: 1,
    onReload: 'live',
    summary: 'Time a worker may take to leave on INT or QUIT',
  }),
  dumpTimeout: setting<number>({
    schema: duration({ min: 0.1 }),
    default: 2,
    onReload: 'live',
    summary: 'Time that may be spent on taking the stack of a hung worker',
  }),
  reloadSurge: setting<number>({
    schema: int({ min: 1, max: 1024 }),
    default: 1,
    onReload: 'live',
    summary: 'Workers that a reload starts at the same time',
  }),
  reloadCanary: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'live',
    summary: 'A reload starts one new worker first, which has to live for stabilize',
  }),
  stabilize: setting<number>({
    schema: duration(),
    default: 5,
    onReload: 'live',
    summary: 'Time the first new worker of a careful reload has to stay alive',
  }),
  backoffInitial: setting<number>({
    schema: duration({ min: 0.01 }),
    default: 0.5,
    onReload: 'live',
    summary: 'First pause between starts of a worker that keeps failing; it doubles',
  }),
  backoffMax: setting<number>({
    schema: duration({ min: 0.01 }),
    default: 30,
    onReload: 'live',
    summary: 'Longest pause between starts of a worker that keeps failing',
  }),
  backoffReset: setting<number>({
    schema: duration({ min: 0.1 }),
    default: 10,
    onReload: 'live',
    summary: 'Life after which the failures of a worker are forgotten',
  }),
  hookTimeout: setting<number>({
    schema: duration({ min: 0.01 }),
    default: 5,
    onReload: 'live',
    summary: 'Time a hook may take before it is cut off',
  }),
};
