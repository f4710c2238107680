import { isIP, isIPv6 } from 'node:net';
import path from 'node:path';
import { TsgunError } from '../core/errors.ts';
import { longestUnixPath } from '../native/sockets.ts';

/** Where to listen, as the user wrote it. `*` is every interface, IPv4 and IPv6. */
export type Address =
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'unix'; path: string }
  | { kind: 'fd'; fd: number }
  /** What was passed under this name, the n-th of them: FileDescriptorName=. */
  | { kind: 'named'; name: string; index: number };

const defaultPort = 8000;

/** The random name under which a socket is made before it is renamed adds this much. */
const temporarySuffixLength = 9;

/**
 * `host:port`, `host`, `:port`, `[v6]:port`, `unix:/path`, `fd://N`, `fd://NAME`, the first four
 * also behind `tcp://`; relative paths start from `base`. Throws TSGUN_E_SETTINGS.
 */
export function parseAddress(text: string, base: string): Address {
  if (text.startsWith('unix:')) return parseUnix(text, base);
  if (text.startsWith('fd://')) return parseDescriptor(text);
  return parseTcp(text, text.replace(/^(?:tcp|http):\/\//, ''));
}

function parseUnix(text: string, base: string): Address {
  const name = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
  if (name === '' || name.includes('\0')) throw bad(text, 'a path has to follow "unix:"');
  const full = path.resolve(base, name);
  if (Buffer.byteLength(full) > longestUnixPath - temporarySuffixLength) {
    throw bad(text, `the path is longer than ${longestUnixPath - temporarySuffixLength} bytes`);
  }
  return { kind: 'unix', path: full };
}

/** systemd allows more, but nobody uses it; without FileDescriptorName= it is that of the unit. */
const descriptorName = /^([A-Za-z_][\w.@+-]{0,254})(?:\/(\d{1,4}))?$/;

function parseDescriptor(text: string): Address {
  const which = text.slice('fd://'.length);
  if (/^\d{1,6}$/.test(which) && Number(which) >= 3) return { kind: 'fd', fd: Number(which) };
  const [, name, index = '0'] = descriptorName.exec(which) ?? [];
  if (name === undefined) throw bad(text, 'a number from 3, or a name, has to follow "fd://"');
  return { kind: 'named', name, index: Number(index) };
}

function parseTcp(text: string, rest: string): Address {
  if (isIPv6(rest)) return { kind: 'tcp', host: rest, port: defaultPort };
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(rest);
  if (bracketed) {
    const [, host = '', port] = bracketed;
    if (!isIPv6(host)) throw bad(text, `"${host}" is no IPv6 address`);
    return { kind: 'tcp', host, port: parsePort(text, port) };
  }
  const [host = '', port, ...more] = rest.split(':');
  if (more.length > 0) throw bad(text, 'an IPv6 address needs [brackets]');
  if (port === undefined && /^\d+$/.test(host)) throw bad(text, `did you mean ":${host}"?`);
  if (host !== '' && isIP(host) === 0 && !/^(?!-)[\w.-]{1,253}$/.test(host)) {
    throw bad(text, `"${host}" is no host name`);
  }
  return { kind: 'tcp', host: host || '*', port: parsePort(text, port) };
}

function parsePort(text: string, port: string | undefined): number {
  if (port === undefined) return defaultPort;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw bad(text, `"${port}" is no port`);
  return Number(port);
}

/** Canonical, and understood by `parseAddress`. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'tcp':
      return `${formatHost(address.host)}:${address.port}`;
    case 'unix':
      return `unix:${address.path}`;
    case 'fd':
      return `fd://${address.fd}`;
    case 'named':
      return `fd://${address.name}${address.index === 0 ? '' : `/${address.index}`}`;
  }
}

function formatHost(host: string): string {
  if (isIPv6(host)) return `[${host}]`;
  if (host === 'unix') return `tcp://${host}`; // a machine of that name
  return host === '*' ? '' : host;
}

const bad = (text: string, why: string): TsgunError =>
  new TsgunError('TSGUN_E_SETTINGS', `Cannot use "${text}" as an address: ${why}`);
