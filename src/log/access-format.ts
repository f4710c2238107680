import { TsgunError } from '../core/errors.ts';
import type { AccessRecord } from './access-record.ts';
import { formatClock, formatZone, twoDigits } from './local-time.ts';

/** Makes one line, without its end, of a record. */
export type FormatAccess = (record: AccessRecord) => string;

/** What nginx calls a request whose client closed the connection. */
const clientClosed = 499;

/**
 * Compiles Gunicorn's `access_log_format`: its atoms `%(h)s` ... and headers `%({name}i)s`, or the
 * word `json`. An unknown atom is TSGUN_E_SETTINGS.
 */
export function compileAccessFormat(format: string): FormatAccess {
  if (format === 'json') return formatJson;
  const parts: FormatAccess[] = [];
  let end = 0;
  for (const match of format.matchAll(/%(?:%|\((\{[^}]*\}[ioe]|\w+)\)[sd])/g)) {
    pushText(parts, format.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[1] === undefined) pushText(parts, '%');
    else parts.push(compileAtom(match[1]));
  }
  pushText(parts, format.slice(end));
  return (record) => {
    let line = '';
    for (const part of parts) line += part(record);
    return line;
  };
}

function pushText(parts: FormatAccess[], text: string): void {
  const [broken] = /%\([^)]*\)?.?/.exec(text) ?? [];
  if (broken !== undefined) throw unknown(broken);
  if (text !== '') parts.push(() => text);
}

function compileAtom(atom: string): FormatAccess {
  const [, name, kind] = /^\{([^}]*)\}([ioe])$/.exec(atom) ?? [];
  if (name !== undefined) {
    const header = name.toLowerCase();
    if (kind === 'i') return ({ req }) => clean(headerText(req.headers[header]));
    if (kind === 'o') return ({ res }) => clean(headerText(res.getHeader(header)));
    return compileEnviron(name.toUpperCase());
  }
  const compiled = atoms.get(atom);
  if (!compiled) throw unknown(`%(${atom})s`);
  return compiled;
}

const unknown = (atom: string): TsgunError =>
  new TsgunError('TSGUN_E_SETTINGS', `Cannot use "${atom}" in the access log format: no such atom`);

const headerText = (value: number | string | readonly string[] | undefined): string =>
  value === undefined || value === ''
    ? '-'
    : Array.isArray(value)
      ? value.join(', ')
      : String(value);

/** Of the environ that a Python app would see; the environment of the process is nobody's business. */
function compileEnviron(name: string): FormatAccess {
  const header = /^(?:HTTP_|(?=CONTENT_(?:TYPE|LENGTH)$))(\w+)$/.exec(name)?.[1];
  if (header !== undefined) {
    const field = header.toLowerCase().replaceAll('_', '-');
    return ({ req }) => clean(headerText(req.headers[field]));
  }
  const find = environ.get(name);
  return find ? (record) => clean(find(record) || '-') : () => '-';
}

const environ = new Map<string, (record: AccessRecord) => string | null | undefined>([
  ['REMOTE_ADDR', ({ remoteAddress }) => remoteAddress],
  ['REQUEST_METHOD', ({ req }) => req.method],
  ['RAW_URI', ({ req }) => req.url],
  ['PATH_INFO', ({ req }) => pathOf(req)],
  ['QUERY_STRING', ({ req }) => queryOf(req)],
  ['SERVER_PROTOCOL', ({ req }) => `HTTP/${req.httpVersion}`],
]);

const pathOf = ({ url = '' }: AccessRecord['req']): string => url.split('?', 1)[0] ?? '';

const queryOf = ({ url = '' }: AccessRecord['req']): string =>
  url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';

const atoms = new Map<string, FormatAccess>([
  ['h', ({ remoteAddress }) => remoteAddress ?? '-'],
  ['l', () => '-'],
  ['u', ({ req }) => clean(userOf(req.headers.authorization))],
  ['t', ({ startedAt }) => formatTime(startedAt)],
  [
    'r',
    ({ req }) => `${clean(req.method ?? '-')} ${clean(req.url ?? '-')} HTTP/${req.httpVersion}`,
  ],
  ['m', ({ req }) => clean(req.method ?? '-')],
  ['U', ({ req }) => clean(pathOf(req))],
  ['q', ({ req }) => clean(queryOf(req))],
  ['H', ({ req }) => `HTTP/${req.httpVersion}`],
  ['s', (record) => String(statusOf(record))],
  ['B', ({ bytes }) => String(bytes)],
  ['b', ({ bytes }) => String(bytes)], // as Gunicorn does, which has "-" only for unknown
  ['f', ({ req }) => clean(req.headers.referer || '-')],
  ['a', ({ req }) => clean(req.headers['user-agent'] || '-')],
  ['T', ({ durationMs }) => String(Math.floor(durationMs / 1000))],
  ['M', ({ durationMs }) => String(Math.floor(durationMs))],
  ['D', ({ durationMs }) => String(Math.round(durationMs * 1000))],
  ['L', ({ durationMs }) => (durationMs / 1000).toFixed(6)],
  ['p', () => `<${process.pid}>`],
]);

const statusOf = ({ aborted, res }: AccessRecord): number =>
  aborted ? clientClosed : res.statusCode;

/** Who a client says it is, by basic authentication: RFC 7617. */
function userOf(authorization: string | undefined): string {
  const [, encoded] = /^basic +([\w+/=]{1,1000})$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return '-';
  return Buffer.from(encoded, 'base64').toString('latin1').split(':', 1)[0] || '-';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const risky = /[\0-\x1f\x7f-\uffff"\\]/;

/** No client can end the line or a quoted part of it. */
function clean(value: string): string {
  if (!risky.test(value)) return value;
  return Array.from(Buffer.from(value, 'latin1'), (byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    const plain = byte >= 0x20 && byte < 0x7f;
    return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
let lastSecond = -1;
let lastTime = '';

/** `[21/Nov/2026:08:00:00 +0000]`, made once a second. */
function formatTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second === lastSecond) return lastTime;
  const at = new Date(epochMs);
  const date = `${twoDigits(at.getDate())}/${months[at.getMonth()]}/${at.getFullYear()}`;
  lastTime = `[${date}:${formatClock(at)} ${formatZone(at)}]`;
  lastSecond = second;
  return lastTime;
}

const formatJson: FormatAccess = (record) => {
  const { req, remoteAddress, startedAt, durationMs, bytes, aborted, slot } = record;
  const json = JSON.stringify({
    time: new Date(startedAt).toISOString(),
    remoteAddr: remoteAddress,
    method: req.method,
    path: pathOf(req),
    query: queryOf(req),
    protocol: `HTTP/${req.httpVersion}`,
    status: statusOf(record),
    bytes,
    durationUs: Math.round(durationMs * 1000),
    referer: req.headers.referer ?? null,
    userAgent: req.headers['user-agent'] ?? null,
    pid: process.pid,
    slot,
    aborted,
  });
  // Header bytes beyond ASCII are in no known encoding, and some steer terminals.
  return json.replaceAll(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
};
