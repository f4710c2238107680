import { flag, list, text, textLike } from '../../core/schema.ts';
import { setting } from '../define.ts';

export const appSettings = {
  app: setting<string | null>({
    schema: text('APP'),
    default: null,
    onReload: 'generation',
    summary: 'The app: a file, a folder or file:export of Node.js, or module:name of Python',
    description:
      'A file (.js .mjs .cjs .ts .mts .cts) or a folder with package.json, relative to chdir, with an optional `:export`. It exports a (req, res) function, an Express, Koa, Fastify or NestJS app, an http.Server, a fetch handler, or a factory or promise of one of these; or it calls listen() itself. A Python app is a module in chdir or pythonpath, with an optional `:name`, `:name.attribute` or `:factory()`; without it `application` or `app`. worker_class decides where both could be meant.',
  }),
  config: setting<string | null>({
    schema: text('FILE'),
    default: null,
    onReload: 'restart',
    short: 'c',
    summary: 'Config file; else tsgun.conf.{toml,json,js,mjs,ts,mts} or gunicorn.conf.py',
    description:
      'A gunicorn.conf.py is executed by Python, and may be given as python:MODULE too. One that lies in the current folder is taken when there is no tsgun.conf and the app is not one of Node.js. Its settings and hooks mean what they mean to Gunicorn; those that tsgun lacks are named at the start.',
    notIn: 'config file',
  }),
  chdir: setting<string>({
    schema: text('DIR'),
    default: '.',
    onReload: 'generation',
    summary: 'Folder the app runs in, which relative paths start from',
  }),
  rawEnv: setting<string[]>({
    schema: list(textLike('NAME=VALUE', /^[^=\0]+=[^\0]*$/, 'NAME=VALUE')),
    default: [],
    onReload: 'generation',
    short: 'e',
    aliases: ['env'],
    secret: true,
    summary: 'Variable in the environment of the app; repeat for more',
  }),
  node: setting<string | null>({
    schema: text('FILE'),
    default: null,
    onReload: 'generation',
    summary: 'Node.js that runs the workers, if not the one that runs tsgun',
  }),
  nodeArgs: setting<string[]>({
    schema: list(textLike('ARG', /^-/, 'an option that begins with "-"')),
    default: [],
    onReload: 'generation',
    aliases: ['node-arg'],
    summary: 'Option of Node.js for the workers (--node-args=--flag); repeat for more',
  }),
  reload: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'restart',
    summary: 'Development: reload when a file of the app changes',
  }),
  reloadExtraFiles: setting<string[]>({
    schema: list(text('GLOB')),
    default: [],
    onReload: 'restart',
    aliases: ['reload-extra-file'],
    summary: 'File or glob that reload watches as well; repeat for more',
  }),
  spew: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'generation',
    summary: "Development: print how often the app's functions are called",
  }),
  checkConfig: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'restart',
    summary: 'Load settings and app, say whether they are good, and exit 0 or 1',
    notIn: 'config file',
  }),
  printConfig: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'restart',
    summary: 'Print every setting and where its value comes from, and exit',
    notIn: 'config file',
  }),
};
