/** Exit codes of `tsgun`; the meaning of each is part of the interface (tsgun(8)). */
export const exitCodes = {
  stopped: 0,
  cannotStart: 1,
  usage: 2,
  workerFailed: 3,
  appFailed: 4,
  badSettings: 78,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Exit codes of `tsgunctl`; part of its interface (tsgunctl(1)). */
export const controlExitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  denied: 4,
  timedOut: 5,
  conflict: 6,
  lost: 7,
  degraded: 10,
  interrupted: 130,
} as const;

export type ControlExitCode = (typeof controlExitCodes)[keyof typeof controlExitCodes];

interface ErrorEntry {
  /** Of `tsgun`; `tsgunctl` knows its own. */
  exit: ExitCode;
  /** Of `tsgunctl`, where it is not `failed`. */
  control?: ControlExitCode;
  /** JSON-RPC 2.0, section 5.1. */
  rpc: number;
  doc: string;
}

const { cannotStart } = exitCodes;

/** Every failure a user can meet: its exit codes, its code on the control socket, and the line that explains it. */
const errorTable = {
  TSGUN_E_USAGE: {
    exit: exitCodes.usage,
    control: controlExitCodes.usage,
    rpc: -32602,
    doc: 'The command line or the parameters of a call cannot be understood.',
  },
  TSGUN_E_SETTINGS: {
    exit: exitCodes.badSettings,
    rpc: -32001,
    doc: 'A setting is unknown or its value bad.',
  },
  TSGUN_E_BIND: { exit: cannotStart, rpc: -32002, doc: 'An address cannot be listened on.' },
  TSGUN_E_PIDFILE: { exit: cannotStart, rpc: -32003, doc: 'The pid file is held or unwritable.' },
  TSGUN_E_LOG: { exit: cannotStart, rpc: -32004, doc: 'A log file cannot be opened.' },
  TSGUN_E_PRIVILEGES: {
    exit: cannotStart,
    rpc: -32005,
    doc: 'User or group cannot be taken on.',
  },
  TSGUN_E_SPAWN: { exit: cannotStart, rpc: -32006, doc: 'A child process cannot be started.' },
  TSGUN_E_SYSTEM: { exit: cannotStart, rpc: -32007, doc: 'A system call failed.' },
  TSGUN_E_WORKER_BOOT: {
    exit: exitCodes.workerFailed,
    rpc: -32008,
    doc: 'No worker of the first generation booted.',
  },
  TSGUN_E_APP_LOAD: {
    exit: exitCodes.appFailed,
    rpc: -32009,
    doc: 'The application cannot be loaded.',
  },
  TSGUN_E_CONTROL: {
    exit: cannotStart,
    rpc: -32010,
    doc: 'The control socket cannot be created or used.',
  },
  TSGUN_E_OPERATION: {
    exit: cannotStart,
    rpc: -32011,
    doc: 'An operation failed; what was before is kept.',
  },
  TSGUN_E_CONFLICT: {
    exit: cannotStart,
    control: controlExitCodes.conflict,
    rpc: -32012,
    doc: 'Another operation, or the state of the instance, stands in the way.',
  },
  TSGUN_E_DENIED: {
    exit: cannotStart,
    control: controlExitCodes.denied,
    rpc: -32013,
    doc: 'The caller may not do this.',
  },
  TSGUN_E_BUSY: {
    exit: cannotStart,
    rpc: -32014,
    doc: 'Too many calls at once, or too many connections.',
  },
  TSGUN_E_NOT_RUNNING: {
    exit: cannotStart,
    control: controlExitCodes.notRunning,
    rpc: -32015,
    doc: 'No instance answers.',
  },
  TSGUN_E_TIMEOUT: {
    exit: cannotStart,
    control: controlExitCodes.timedOut,
    rpc: -32016,
    doc: 'It takes longer than the caller wanted to wait; it goes on.',
  },
  TSGUN_E_LOST: {
    exit: cannotStart,
    control: controlExitCodes.lost,
    rpc: -32017,
    doc: 'The connection was lost, and the outcome is not known.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

export const errorCodes = Object.keys(errorTable) as ErrorCode[];

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorTable, code);

export const explainError = (code: ErrorCode): string => errorTable[code].doc;

/** An expected failure with a message made for the user. Surprises are plain errors. */
export class TsgunError extends Error {
  override readonly name = 'TsgunError';
  readonly code: ErrorCode;
  /** More for programs: what an operation did until then. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    { detail = {}, ...options }: { cause?: unknown; detail?: Record<string, unknown> } = {},
  ) {
    super(message, options);
    this.code = code;
    this.detail = detail;
  }

  get exitCode(): ExitCode {
    return errorTable[this.code].exit;
  }

  get controlExitCode(): ControlExitCode {
    const entry: ErrorEntry = errorTable[this.code];
    return entry.control ?? controlExitCodes.failed;
  }

  get rpcCode(): number {
    return errorTable[this.code].rpc;
  }
}

/** The words of anything thrown, for a log line. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** One line of a reason that comes with source and stack: V8 begins a syntax error with its place. */
export function headline(reason: string): string {
  const [first = '', ...others] = reason.split('\n');
  const error = /:\d+$/.test(first) && others.find((line) => /^\w*Error\b/.test(line));
  return error ? `${first}: ${error}` : first;
}

/** The stack of anything thrown when it has one, else its words. */
export const stackOf = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);

/** The errno name (`EADDRINUSE`) that Node puts on system errors, if there is one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** `no such file or directory (ENOENT)` for a system error, its message for anything else. */
export function describeCause(thrown: unknown): string {
  const errno = thrown instanceof Error && 'errno' in thrown ? Number(thrown.errno) : undefined;
  if (errno === undefined) return messageOf(thrown);
  // An import of the whole of node:util would cost every start of every program 7 ms.
  const { getSystemErrorMessage } = process.getBuiltinModule('node:util');
  return `${getSystemErrorMessage(errno)} (${errnoOf(thrown)})`;
}

/** Makes the compiler prove that every case of a union was handled. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
