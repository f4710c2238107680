/** Where a worker finds a gateway: an abstract Unix socket (unix(7)), without its leading NUL. */
export interface LinkAddress {
  name: string;
  /** Proves that a worker is one of ours. */
  token: string;
}

export type PythonClass = 'auto' | 'sync' | 'gthread' | 'gevent' | 'eventlet' | 'asgi';

/** What a Python worker needs to know, told once over the channel after it was spawned. */
export interface PythonStart {
  type: 'start';
  role: 'python';
  /** The arbiter's number for it. */
  child: number;
  slot: number;
  generation: number;
  /** `serve`, or `check`: load the app, say `ready`, and leave. */
  purpose: 'serve' | 'check';
  /** `module:name`, `module:factory()` ... */
  app: string;
  chdir: string;
  /** Put before `sys.path`, after `chdir`. */
  pythonPath: string[];
  workerClass: PythonClass;
  threads: number;
  workerConnections: number;
  /** One of each gateway; a worker belongs to one of them: `slot` modulo their number. */
  link: LinkAddress | null;
  identity: { uid: number; gid: number; groups: number[] } | null;
  umask: number | null;
  beatIntervalMs: number;
  timeoutMs: number;
  gracefulTimeoutMs: number;
  /** Requests after which the worker asks, by a beat, to be replaced; 0 is never. */
  requestLimit: number;
  loglevel: string;
  spew: boolean;
  /** ASGI. */
  asgi: {
    loop: 'auto' | 'asyncio' | 'uvloop';
    lifespan: 'auto' | 'on' | 'off';
    rootPath: string;
    /** Between the client's leaving and the end of the app's task. */
    disconnectGraceMs: number;
  };
  /** WSGI. */
  wsgi: { multiprocess: boolean; sendfile: boolean };
  /** `SERVER_SOFTWARE`: `tsgun/1.2.3`. */
  software: string;
  /** A `gunicorn.conf.py` whose worker-side hooks are to be run, and its values for `cfg`. */
  config: {
    path: string;
    /** Where its imports are looked for first; empty is nowhere. */
    importFrom: string;
    /** In snake case, as they are in the file. */
    hooks: string[];
    timeoutMs: number;
    settings: Record<string, unknown>;
  } | null;
}
