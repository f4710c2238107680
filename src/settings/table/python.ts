import { choice, commaList, duration, flag, text, textLike } from '../../core/schema.ts';
import { setting } from '../define.ts';

export const pythonSettings = {
  python: setting<string | null>({
    schema: text('FILE'),
    default: null,
    onReload: 'generation',
    summary: 'Python that runs the app; else of $VIRTUAL_ENV, .venv or venv, or python3',
    description:
      'Without a slash it is looked for in PATH. By default $VIRTUAL_ENV/bin/python, .venv/bin/python or venv/bin/python in chdir, or python3 in PATH, whichever is there first. It has to be 3.9 or newer.',
  }),
  pythonpath: setting<string[]>({
    schema: commaList(text('DIR')),
    default: [],
    onReload: 'generation',
    summary: 'Folders where modules are looked for after chdir, with commas between them',
  }),
  preloadApp: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'generation',
    aliases: ['preload'],
    summary: 'Import the app once and fork the workers from there',
  }),
  asgiLoop: setting<'auto' | 'asyncio' | 'uvloop'>({
    schema: choice('auto', 'asyncio', 'uvloop'),
    default: 'auto',
    onReload: 'generation',
    summary: 'Event loop of ASGI apps; auto is uvloop where it is installed',
  }),
  asgiLifespan: setting<'auto' | 'on' | 'off'>({
    schema: choice('auto', 'on', 'off'),
    default: 'auto',
    onReload: 'generation',
    summary: 'Whether ASGI apps are told of start and end; auto asks them',
  }),
  asgiDisconnectGracePeriod: setting<number>({
    schema: duration(),
    default: 3,
    onReload: 'generation',
    summary: 'Time an ASGI app may go on with a request whose client has left',
  }),
  rootPath: setting<string>({
    schema: textLike('PATH', /^(?:\/.*[^/])?$/, 'a path such as "/app"', { empty: true }),
    default: '',
    onReload: 'generation',
    summary: 'Path that ASGI apps are mounted at: root_path of their scope',
  }),
  sendfile: setting<boolean>({
    schema: flag(),
    default: true,
    onReload: 'generation',
    summary: 'Let the gateway send files of wsgi.file_wrapper; --no-sendfile does not',
  }),
};
