import { BlockList, isIP, type Socket } from 'node:net';
import type { GatewayStart } from '../protocol/gateway.ts';
import { BadRequest } from './bad-request.ts';
import type { HeaderName } from './header-names.ts';

/** Who sent a request, as far as somebody can be believed. */
export interface Client {
  /** Of the connection: host and port, empty for a Unix socket. */
  host: string;
  port: string;
  serverHost: string;
  serverPort: string;
  /** A proxy whose headers about the client count. */
  trusted: boolean;
}

/** Gunicorn's policy: `forwarded_allow_ips`, `secure_scheme_headers`, `forwarder_headers`, `header_map`. */
export class ForwardedPolicy {
  readonly #options: GatewayStart['forwarded'];
  readonly #everybody: boolean;
  readonly #allowed = new BlockList();
  /** By name in lower case, the value that means https. */
  readonly #schemes: ReadonlyMap<string, string>;
  readonly #forwarders: ReadonlySet<string>;
  readonly #clients = new WeakMap<Socket, Client>();

  constructor(options: GatewayStart['forwarded']) {
    this.#options = options;
    this.#everybody = options.allowIps.includes('*');
    for (const entry of options.allowIps) if (entry !== '*') allow(this.#allowed, entry);
    this.#schemes = new Map(
      Object.entries(options.secureSchemeHeaders).map(([name, value]) => [
        name.toLowerCase().replaceAll('_', '-'),
        value,
      ]),
    );
    this.#forwarders = new Set(options.forwarderHeaders.map((name) => name.toLowerCase()));
  }

  clientOf(socket: Socket): Client {
    const known = this.#clients.get(socket);
    if (known) return known;
    const client = this.#look(socket);
    this.#clients.set(socket, client);
    return client;
  }

  /** What a field says about the scheme; null for every other one, and from who is not trusted. */
  schemeBy({ lower }: HeaderName, value: string, { trusted }: Client): 'http' | 'https' | null {
    const secure = trusted ? this.#schemes.get(lower) : undefined;
    if (secure === undefined) return null;
    return value === secure ? 'https' : 'http';
  }

  /** What becomes of a name with an underscore, which looks like another one with a hyphen. */
  admits({ lower, hasUnderscore }: HeaderName, { trusted }: Client): boolean {
    if (!hasUnderscore) return true;
    if (trusted && this.#forwarders.has(lower)) return true;
    if (this.#options.headerMap === 'refuse')
      throw new BadRequest(400, `the header name "${lower}" has an underscore`);
    return this.#options.headerMap === 'dangerous';
  }

  #look(socket: Socket): Client {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    // Only who may open the file can connect to a Unix socket.
    if (remoteAddress === undefined)
      return { host: '', port: '', serverHost: '', serverPort: '', trusted: true };
    const host = plain(remoteAddress);
    const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
    return {
      host,
      port: String(remotePort ?? ''),
      serverHost: plain(localAddress ?? ''),
      serverPort: String(localPort ?? ''),
      trusted: this.#everybody || this.#allowed.check(host, family),
    };
  }
}

/** `1.2.3.4:5678`; null behind a Unix socket. */
export const describeClient = ({ host, port }: Client): string | null =>
  host === '' ? null : `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** IPv4 through an IPv6 socket. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** An address or a network, checked when the settings were read. */
function allow(list: BlockList, entry: string): void {
  const [address = '', bits] = entry.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}
