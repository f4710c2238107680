import { getSystemErrorMessage } from 'node:util';

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

/** Every failure a user can meet: its exit code and the line that explains it. */
const errorTable = {
  TSGUN_E_USAGE: { exit: exitCodes.usage, doc: 'The command line cannot be understood.' },
  TSGUN_E_SETTINGS: { exit: exitCodes.badSettings, doc: 'A setting is unknown or its value bad.' },
  TSGUN_E_BIND: { exit: exitCodes.cannotStart, doc: 'An address cannot be listened on.' },
  TSGUN_E_PIDFILE: { exit: exitCodes.cannotStart, doc: 'The pid file is held or unwritable.' },
  TSGUN_E_LOG: { exit: exitCodes.cannotStart, doc: 'A log file cannot be opened.' },
  TSGUN_E_PRIVILEGES: { exit: exitCodes.cannotStart, doc: 'User or group cannot be taken on.' },
  TSGUN_E_SPAWN: { exit: exitCodes.cannotStart, doc: 'A child process cannot be started.' },
  TSGUN_E_SYSTEM: { exit: exitCodes.cannotStart, doc: 'A system call failed.' },
  TSGUN_E_WORKER_BOOT: {
    exit: exitCodes.workerFailed,
    doc: 'No worker of the first generation booted.',
  },
  TSGUN_E_APP_LOAD: { exit: exitCodes.appFailed, doc: 'The application cannot be loaded.' },
} as const satisfies Record<string, { exit: ExitCode; doc: string }>;

export type ErrorCode = keyof typeof errorTable;

/** An expected failure with a message made for the user. Surprises are plain errors. */
export class TsgunError extends Error {
  override readonly name = 'TsgunError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get exitCode(): ExitCode {
    return errorTable[this.code].exit;
  }
}

/** The words of anything thrown, for a log line. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

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
  return `${getSystemErrorMessage(errno)} (${errnoOf(thrown)})`;
}

/** Makes the compiler prove that every case of a union was handled. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
