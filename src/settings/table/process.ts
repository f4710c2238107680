import { flag, octal, text } from '../../core/schema.ts';
import { setting } from '../define.ts';

export const processSettings = {
  daemon: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'restart',
    short: 'D',
    summary: 'Run in the background; returns when the workers are ready',
  }),
  pidfile: setting<string | null>({
    schema: text('FILE'),
    default: null,
    onReload: 'restart',
    short: 'p',
    aliases: ['pid'],
    summary: "File for the arbiter's pid",
  }),
  user: setting<string | null>({
    schema: text('USER'),
    default: null,
    onReload: 'generation',
    short: 'u',
    summary: 'User that workers run as',
  }),
  group: setting<string | null>({
    schema: text('GROUP'),
    default: null,
    onReload: 'generation',
    short: 'g',
    summary: 'Group that workers run as',
  }),
  initgroups: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'generation',
    summary: "Give workers the user's supplementary groups; else they have none",
  }),
  umask: setting<number | null>({
    schema: octal(),
    default: null,
    onReload: 'generation',
    short: 'm',
    summary: 'File mode creation mask of workers; else as it was',
  }),
  procName: setting<string | null>({
    schema: text('NAME'),
    default: null,
    onReload: 'restart',
    short: 'n',
    aliases: ['name'],
    summary: 'Name in process titles; else the app',
  }),
};
