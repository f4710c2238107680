import type { LogLevel, LogRecord } from '../core/logger.ts';
import { formatClock, formatZone, twoDigits } from './local-time.ts';

/** A record with everything that its place in the log needs. */
export interface TimedRecord extends LogRecord {
  /** Milliseconds since the epoch. */
  time: number;
  pid: number;
}

export type Render = (record: TimedRecord) => string;

/** Gunicorn's line: `[2026-11-21 08:00:00 +0000] [123] [INFO] message`. */
export const renderText: Render = ({ time, pid, level, message }) =>
  `[${formatTime(time)}] [${pid}] [${level.toUpperCase()}] ${indent(escapeControls(message))}\n`;

export const renderJson: Render = ({ time, pid, level, slot, message }) =>
  `${escapeRest(JSON.stringify({ time: new Date(time).toISOString(), level, pid, slot, message }))}\n`;

/** Priorities of syslog(3) for each level. */
const priorities: Record<LogLevel, number> = {
  critical: 2,
  error: 3,
  warning: 4,
  info: 6,
  debug: 7,
};

/** For the journal, which knows the time and who writes, and splits by lines: sd-daemon(3). */
export const renderJournal: Render = ({ pid, level, message }) =>
  `${indent(`${pid === process.pid ? '' : `[${pid}] `}${escapeControls(message)}`)}\n`
    .replaceAll(/^/gm, `<${priorities[level]}>`)
    .replace(/<\d>$/, '');

/** Nothing that a client or an app says may look like another line, or steer a terminal. */
const escapeControls = (message: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  message.replaceAll(/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0xff ? unicodeEscape(character) : `\\x${code.toString(16).padStart(2, '0')}`;
  });

/** The control characters that JSON lets through. */
const escapeRest = (json: string): string =>
  json.replaceAll(/[\x7f-\x9f\u2028\u2029]/g, unicodeEscape);

const unicodeEscape = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const indent = (message: string): string => message.trimEnd().replaceAll('\n', '\n  ');

/** `%Y-%m-%d %H:%M:%S %z` in local time. */
function formatTime(time: number): string {
  const at = new Date(time);
  const date = `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;
  return `${date} ${formatClock(at)} ${formatZone(at)}`;
}
