import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { SpawnRequest } from '../process/spawn.ts';
import type { GatewayStart } from '../protocol/gateway.ts';
import type { Settings } from '../settings/table.ts';
import {
  accessTarget,
  beatIntervalMs,
  type ChildCommand,
  environmentOf,
  firstDescriptor,
  inheritedListeners,
  limitsOf,
  mainModule,
  procNameOf,
  serverArgs,
} from './child-command.ts';

const gatewayMain = fileURLToPath(mainModule('gateway'));

/** It runs none of the app's code, so nothing that is set for the app concerns it. */
export function gatewayRequest(command: ChildCommand): SpawnRequest {
  const { settings, launch } = command.generation;
  const access = settings.accesslog === '-' ? [1] : [];
  return {
    ...launch({ file: process.execPath, args: [...serverArgs(settings), gatewayMain] }),
    cwd: settings.chdir,
    env: environmentOf(command, {}),
    descriptors: [
      ...inheritedListeners(command).map(({ ours }) => ours),
      linkOf(command).fd,
      ...access,
    ],
    output: settings.captureOutput ? 'capture' : 'inherit',
    channel: true,
  };
}

function linkOf({ generation, slot }: ChildCommand) {
  const link = generation.links[slot];
  if (!link) throw new Error(`Gateway ${slot} has no link`);
  return link;
}

export function gatewayStart(command: ChildCommand): GatewayStart {
  const { generation, slot, paused } = command;
  const { settings, identity } = generation;
  const listeners = inheritedListeners(command).map(({ fd, address }) => ({ fd, address }));
  const linkFd = firstDescriptor + listeners.length;
  return {
    type: 'start',
    role: 'gateway',
    slot,
    generation: generation.number,
    procName: procNameOf(settings),
    listeners,
    link: { fd: linkFd, token: linkOf(command).token },
    identity,
    paused,
    access: accessTarget(settings, linkFd + 1),
    ...traits(settings),
  };
}

/** Where clients go, what becomes of them there, and as whom: other than that, all are the same. */
export const describeEdge = (settings: Settings): string => {
  const { accesslog, accessLogFormat, bind, captureOutput, gateways, group, initgroups, user } =
    settings;
  const others = { bind, captureOutput, gateways, group, initgroups, user, chdir: settings.chdir };
  return JSON.stringify({ ...traits(settings), ...others, accesslog, accessLogFormat });
};

const traits = (settings: Settings) => ({
  backlog: settings.backlog,
  umask: settings.umask,
  keepaliveMs: settings.keepalive * 1000,
  limits: limitsOf(settings),
  beatIntervalMs: beatIntervalMs(settings.timeout),
  mostConnections: settings.gatewayConnections,
  queue: { limit: settings.queueLimit, timeoutMs: settings.queueTimeout * 1000 },
  requestTimeoutMs: settings.requestTimeout * 1000,
  buffers: {
    bodyMemory: settings.bodyBuffer,
    mostBody: settings.limitRequestBody,
    responseMemory: settings.responseBuffer,
    mostResponse: settings.maxResponseBuffer,
    folder: settings.tmpUploadDir ?? tmpdir(),
  },
  drainLongMs: settings.drainLongConnections * 1000,
  statics: settings.static.map(parseStatic),
  forwarded: {
    allowIps: settings.forwardedAllowIps,
    secureSchemeHeaders: settings.secureSchemeHeaders,
    forwarderHeaders: settings.forwarderHeaders,
    headerMap: settings.headerMap,
  },
  mostMessageBytes: settings.wsMaxSize,
});

function parseStatic(entry: string): { prefix: string; folder: string } {
  const [prefix = '', folder = ''] = entry.split(/=(.*)/s, 2);
  return { prefix: prefix.endsWith('/') ? prefix : `${prefix}/`, folder };
}
