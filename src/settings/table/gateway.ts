import {
  bytes,
  choice,
  commaList,
  duration,
  int,
  list,
  pairs,
  text,
  textLike,
} from '../../core/schema.ts';
import { setting } from '../define.ts';

/** What a server in front of Python apps would be told: queue, buffers, files, proxies. */
export const gatewaySettings = {
  gateways: setting<number>({
    schema: int({ min: 1, max: 64 }),
    default: 1,
    onReload: 'generation',
    summary: 'Processes that speak HTTP for the workers of a Python app',
  }),
  gatewayConnections: setting<number>({
    schema: int({ min: 1 }),
    default: 20_000,
    onReload: 'generation',
    summary: 'Connections at which a gateway accepts no more until one ends',
  }),
  queueLimit: setting<number>({
    schema: int(),
    default: 1000,
    onReload: 'generation',
    summary: 'Requests that may wait for a worker; the next one is answered 503',
  }),
  queueTimeout: setting<number>({
    schema: duration(),
    default: 30,
    onReload: 'generation',
    summary: 'Time a request waits for a worker before it is answered 503; 0 for ever',
  }),
  requestTimeout: setting<number>({
    schema: duration(),
    default: 0,
    onReload: 'generation',
    summary: 'Time a worker may take for a request before it is answered 504; 0 for ever',
  }),
  limitRequestBody: setting<number>({
    schema: bytes(),
    default: 0,
    onReload: 'generation',
    summary: 'Longest request body, else 413; 0 unlimited',
  }),
  bodyBuffer: setting<number>({
    schema: bytes(),
    default: 128 * 1024,
    onReload: 'generation',
    summary: 'Part of a request body that is kept in memory; the rest is in a file',
  }),
  responseBuffer: setting<number>({
    schema: bytes(),
    default: 1024 * 1024,
    onReload: 'generation',
    summary: 'Part of a response that waits in memory; the rest is in a file',
  }),
  maxResponseBuffer: setting<number>({
    schema: bytes(),
    default: 1024 ** 3,
    onReload: 'generation',
    summary: 'Part of a response that waits in all before its worker has to wait too',
  }),
  tmpUploadDir: setting<string | null>({
    schema: text('DIR'),
    default: null,
    onReload: 'generation',
    summary: 'Folder of these files; else $TMPDIR or /tmp',
  }),
  drainLongConnections: setting<number>({
    schema: duration(),
    default: 10,
    onReload: 'generation',
    summary: 'Time over which a reload sends WebSockets and event streams away',
  }),
  wsMaxSize: setting<number>({
    schema: bytes(),
    default: 16 * 1024 * 1024,
    onReload: 'generation',
    summary: 'Longest message of a WebSocket',
  }),
  static: setting<string[]>({
    schema: list(textLike('PREFIX=DIR', /^\/[^=\0]*=[^\0]+$/, '/PREFIX/=DIR')),
    default: [],
    onReload: 'generation',
    summary: 'Paths that the gateway serves from a folder: /static/=DIR; repeat for more',
  }),
  forwardedAllowIps: setting<string[]>({
    schema: commaList(text('ADDRESS')),
    default: ['127.0.0.1', '::1'],
    onReload: 'generation',
    environment: { variable: 'FORWARDED_ALLOW_IPS' },
    summary: 'Proxies that are believed what they say of the client; "*" all',
  }),
  secureSchemeHeaders: setting<Record<string, string>>({
    schema: pairs('NAME=VALUE'),
    default: {
      'X-FORWARDED-PROTOCOL': 'ssl',
      'X-FORWARDED-PROTO': 'https',
      'X-FORWARDED-SSL': 'on',
    },
    onReload: 'generation',
    summary: 'Header fields by which such a proxy says that the client speaks HTTPS',
  }),
  forwarderHeaders: setting<string[]>({
    schema: commaList(text('NAME')),
    default: ['SCRIPT_NAME', 'PATH_INFO'],
    onReload: 'generation',
    summary: 'Header fields by which such a proxy may set variables of WSGI',
  }),
  headerMap: setting<'drop' | 'refuse' | 'dangerous'>({
    schema: choice('drop', 'refuse', 'dangerous'),
    default: 'drop',
    onReload: 'generation',
    summary: 'What becomes of header fields with an underscore, which look like others',
  }),
};
