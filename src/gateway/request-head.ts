import type { IncomingMessage } from 'node:http';
import { BadRequest } from './bad-request.ts';
import type { Client, ForwardedPolicy } from './forwarded.ts';
import { type HeaderName, headerName, nextMark } from './header-names.ts';

export interface Head {
  method: string;
  /** As it was sent. */
  target: string;
  /** Without scheme and host of the absolute form. */
  path: string;
  query: string;
  version: string;
  scheme: 'http' | 'https';
  client: Client;
  /** SCRIPT_NAME of a proxy that is believed: the app is mounted there. */
  mount: string;
  /** Bytes of the body; null where only its end tells (chunked), 0 without one. */
  bodyBytes: number | null;
  /** Name, value, name, value ...: without those that nobody is to believe. */
  fields: readonly string[];
}

/** Checks what the HTTP parser lets pass (Gunicorn's policy). Throws BadRequest. */
export function readHead(req: IncomingMessage, policy: ForwardedPolicy): Head {
  const client = policy.clientOf(req.socket);
  const target = req.url ?? '/';
  const { path, query } = splitTarget(target, req.method);
  const found = readFields(req.rawHeaders, policy, client);
  if (!path.startsWith(found.mount))
    throw new BadRequest(500, `its path "${path}" is not below SCRIPT_NAME "${found.mount}"`);
  const { method = 'GET', httpVersion: version } = req;
  if (version !== '1.1') checkVersion(version, found);
  return { method, target, path, query, version, client, ...found };
}

/** RFC 9112, 6.1: who speaks 1.0 knows no chunks, so somebody in between has not understood them. */
function checkVersion(version: string, { bodyBytes }: Found): void {
  if (version !== '1.0') throw new BadRequest(505, `its version is ${version}`);
  if (bodyBytes === null) throw new BadRequest(400, 'a body in chunks comes with HTTP/1.0');
}

function splitTarget(target: string, method: string | undefined): { path: string; query: string } {
  const end = target.indexOf('#');
  const whole = end < 0 ? target : target.slice(0, end);
  const local = whole.charCodeAt(0) === 0x2f ? whole : localPart(whole, method);
  const mark = local.indexOf('?');
  if (mark < 0) return { path: local, query: '' };
  return { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

/** Of the absolute form, and of `*` (RFC 9112, 3.2). */
function localPart(target: string, method: string | undefined): string {
  if (target === '*' && method === 'OPTIONS') return target;
  const [, rest] = /^https?:\/\/[^/?#]+(.*)$/i.exec(target) ?? [];
  if (rest === undefined) throw new BadRequest(400, 'the target is neither a path nor a URL');
  return rest.startsWith('/') ? rest : `/${rest}`;
}

type Found = Pick<Head, 'fields' | 'scheme' | 'mount' | 'bodyBytes'>;

function readFields(raw: readonly string[], policy: ForwardedPolicy, client: Client): Found {
  let kept: string[] | null = null;
  let said: Head['scheme'] | null = null;
  const found: Found = { fields: raw, scheme: 'http', mount: '', bodyBytes: 0 };
  const mark = nextMark();
  for (let index = 0; index < raw.length; index += 2) {
    const name = headerName(raw[index] ?? '');
    const value = raw[index + 1] ?? '';
    if (name.mark === mark && name.isSingle)
      throw new BadRequest(400, `the header "${name.lower}" comes twice`);
    name.mark = mark;
    if (!policy.admits(name, client)) {
      kept ??= raw.slice(0, index);
      continue;
    }
    kept?.push(raw[index] ?? '', value);
    if (name.isPlain) continue;
    said = agree(said, policy.schemeBy(name, value, client));
    note(found, name, value);
  }
  return { ...found, fields: kept ?? raw, scheme: said ?? 'http' };
}

/** With the spellings that the HTTP parser has gone by, whatever `header_map` lets pass. */
function note(found: Found, { lower }: HeaderName, value: string): void {
  if (lower === 'content-length') found.bodyBytes = Number(value);
  else if (lower === 'transfer-encoding') found.bodyBytes = null;
  else if (lower === 'script_name') found.mount = value;
}

function agree(before: Head['scheme'] | null, said: Head['scheme'] | null): Head['scheme'] | null {
  if (before !== null && said !== null && before !== said)
    throw new BadRequest(400, 'its headers disagree about the scheme');
  return said ?? before;
}

/** What the gateway has done already, has counted itself, or says elsewhere. */
const ours: ReadonlySet<string> = new Set([
  'HTTP_TRANSFER_ENCODING',
  'CONTENT_LENGTH',
  'HTTP_SCRIPT_NAME',
]);

/** For a WSGI app (see protocol/link); `bodyBytes` is null without a body. */
export function encodeEnviron(head: Head, bodyBytes: number | null): string {
  const { client, fields } = head;
  const mark = nextMark();
  let text = requestPart(head) + clientPart(client, head);
  for (let index = 0; index < fields.length; index += 2) {
    const name = headerName(fields[index] ?? '');
    if (name.mark === mark)
      return encodeEnviron({ ...head, fields: joinDoubles(fields) }, bodyBytes);
    name.mark = mark;
    if (name.isPlain || !ours.has(name.key)) text += `\n${name.key}\n${fields[index + 1] ?? ''}`;
  }
  return bodyBytes === null ? text : `${text}\nCONTENT_LENGTH\n${bodyBytes}`;
}

/** An environ has each name once: RFC 9110, 5.3, and RFC 6265, 5.4 for cookies. */
function joinDoubles(fields: readonly string[]): string[] {
  const joined = new Map<string, string>();
  for (let index = 0; index < fields.length; index += 2) {
    const { lower } = headerName(fields[index] ?? '');
    const before = joined.get(lower);
    const glue = lower === 'cookie' ? '; ' : ',';
    const value = fields[index + 1] ?? '';
    joined.set(lower, before === undefined ? value : before + glue + value);
  }
  return [...joined].flat();
}

function requestPart({ method, target, path, query, version, scheme, mount }: Head): string {
  const start = `REQUEST_METHOD\n${method}\nRAW_URI\n${target}\nQUERY_STRING\n${query}\nSERVER_PROTOCOL\nHTTP/${version}\nwsgi.url_scheme\n${scheme}\nPATH_INFO\n`;
  return mount === '' ? start + path : `${start}${path.slice(mount.length)}\nSCRIPT_NAME\n${mount}`;
}

/** Made once for each connection. */
const clientParts = new WeakMap<Client, string>();

function clientPart(client: Client, head: Head): string {
  const known = clientParts.get(client);
  if (known !== undefined) return known;
  const { host, port } = client;
  const [serverHost, serverPort] = serverOf(client, head);
  const part = `\nREMOTE_ADDR\n${host}\nREMOTE_PORT\n${port}\nSERVER_NAME\n${serverHost}\nSERVER_PORT\n${serverPort}`;
  if (client.serverHost !== '') clientParts.set(client, part);
  return part;
}

/** Behind a Unix socket only the request itself tells (PEP 3333: they are never empty). */
function serverOf({ serverHost, serverPort }: Client, { fields, scheme }: Head): [string, string] {
  if (serverHost !== '') return [serverHost, serverPort];
  const at = fields.findIndex(
    (name, index) => index % 2 === 0 && headerName(name).lower === 'host',
  );
  const host = at < 0 ? '' : (fields[at + 1] ?? '');
  const [, name = 'localhost', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host) ?? [];
  return [name || 'localhost', port ?? (scheme === 'https' ? '443' : '80')];
}

/** For an ASGI app (see protocol/link). */
export function encodeScope(head: Head, scheme: string = head.scheme): string {
  const { method, target, path, query, version, client, fields } = head;
  const { host, port, serverHost, serverPort } = client;
  const local = target.charCodeAt(0) === 0x2f ? target : query === '' ? path : `${path}?${query}`;
  let text = `${method}\n${local}\n${version}\n${scheme}\n${host}\n${port}\n${serverHost}\n${serverPort}`;
  for (let index = 0; index < fields.length; index += 2) {
    text += `\n${headerName(fields[index] ?? '').lower}\n${fields[index + 1] ?? ''}`;
  }
  return text;
}
