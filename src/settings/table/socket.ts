import { flag, int, list, octal, text } from '../../core/schema.ts';
import { setting } from '../define.ts';

export const socketSettings = {
  bind: setting<string[]>({
    schema: list(text('ADDRESS'), { min: 1 }),
    default: ['127.0.0.1:8000'],
    onReload: 'generation',
    short: 'b',
    environment: { variable: 'PORT', toText: (port) => `0.0.0.0:${port}` },
    summary: 'HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH, fd://N or fd://NAME; repeat for more',
  }),
  backlog: setting<number>({
    schema: int({ min: 1, max: 65_535 }),
    default: 2048,
    onReload: 'generation',
    summary: 'Connections that may wait for a worker',
  }),
  reusePort: setting<boolean>({
    schema: flag(),
    default: false,
    onReload: 'restart',
    summary: 'Give each worker a socket of its own on the port (SO_REUSEPORT)',
  }),
  socketMode: setting<number | null>({
    schema: octal(),
    default: null,
    onReload: 'restart',
    summary: 'Permissions of Unix sockets; else 777 without the bits of umask',
  }),
  socketOwner: setting<string | null>({
    schema: text('USER[:GROUP]'),
    default: null,
    onReload: 'restart',
    summary: 'Owner of Unix sockets',
  }),
};
