import { flag, octal, text } from '../../core/schema.ts';
import { setting } from '../define.ts';

export const controlSettings = {
  controlSocket: setting<string | null>({
    schema: text('FILE'),
    default: null,
    onReload: 'restart',
    summary: 'Socket that tsgunctl talks to',
    description:
      'By default /run/tsgun/NAME/control.sock, or $XDG_RUNTIME_DIR/tsgun/NAME/control.sock when not root. NAME is proc_name, or else the name of the app without its extension; another living instance of the same name makes it NAME-2 and so on.',
  }),
  controlSocketMode: setting<number | null>({
    schema: octal(),
    default: null,
    onReload: 'restart',
    summary: 'Permissions of the control socket; else 600, or as the groups need it',
  }),
  controlGroup: setting<string | null>({
    schema: text('GROUP'),
    default: null,
    onReload: 'restart',
    summary: 'Group whose members may control the instance',
  }),
  controlReadGroup: setting<string | null>({
    schema: text('GROUP'),
    default: null,
    onReload: 'restart',
    summary: 'Group whose members may look at the instance',
  }),
  noControlSocket: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'restart',
    summary: 'Have no control socket',
  }),
};
