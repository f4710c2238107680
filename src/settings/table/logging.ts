import { logLevels } from '../../core/logger.ts';
import { choice, flag, text } from '../../core/schema.ts';
import { setting } from '../define.ts';

/** Gunicorn's own default: `access_log_format`. */
const gunicornFormat = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"';

export const loggingSettings = {
  accesslog: setting<string | null>({
    schema: text('FILE'),
    default: null,
    onReload: 'generation',
    aliases: ['access-logfile'],
    summary: 'File for a line about each request; "-" is stdout',
  }),
  accessLogFormat: setting<string>({
    schema: text('FORMAT'),
    default: gunicornFormat,
    onReload: 'generation',
    aliases: ['access-logformat'],
    summary: 'Format of these lines with %(atoms)s, or "json"',
  }),
  errorlog: setting<string>({
    schema: text('FILE'),
    default: '-',
    onReload: 'restart',
    aliases: ['error-logfile', 'log-file'],
    summary: 'File for everything else; "-" is stderr',
  }),
  loglevel: setting<(typeof logLevels)[number]>({
    schema: choice(...logLevels),
    default: 'info',
    onReload: 'live',
    aliases: ['log-level'],
    summary: 'Least important level that is logged',
  }),
  logFormat: setting<'auto' | 'text' | 'json'>({
    schema: choice('auto', 'text', 'json'),
    default: 'auto',
    onReload: 'restart',
    summary: "Format of the error log; auto knows systemd's journal",
  }),
  captureOutput: setting<boolean>({
    schema: flag(),
    default: true,
    onReload: 'generation',
    summary: 'Put what workers print into the error log; --no-capture-output does not',
  }),
};
