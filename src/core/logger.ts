export const logLevels = ['debug', 'info', 'warning', 'error', 'critical'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One line (or a few, for a stack) of the error log. */
export interface LogRecord {
  level: LogLevel;
  message: string;
  /** Whose words these are: the arbiter's when absent. */
  pid?: number;
  slot?: number;
}

/** Where every part of the arbiter writes; a record is never lost before the sinks are open. */
export type Log = (record: LogRecord) => void;
