import { lookup } from 'node:dns/promises';
import { renameSync, rmSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { errnoOf, messageOf, TsgunError } from '../core/errors.ts';
import {
  bindSocket,
  closeDescriptor,
  listenSocket,
  openSocket,
  type SocketAddress,
  setOnlyIpv6,
  setReuseAddress,
  setReusePort,
} from '../native/sockets.ts';
import { type Address, formatAddress } from './address.ts';
import { findSocket, probeSocket, setRights } from './socket-file.ts';

export interface BindOptions {
  backlog: number;
  reusePort: boolean;
  /** Permissions of Unix sockets. */
  socketMode: number;
  socketOwner: { uid: number; gid: number } | null;
  /** How many will accept, each on a socket of its own if `reusePort` says so. */
  slots?: number;
}

/** What is not there before us. */
export type Bindable = Extract<Address, { kind: 'tcp' | 'unix' }>;

/** A bare listening descriptor that nothing in this process accepts on. Throws TSGUN_E_BIND. */
export async function bindAddress(address: Bindable, options: BindOptions): Promise<number> {
  try {
    return address.kind === 'unix'
      ? await bindUnix(address.path, options)
      : bindTcp(await resolveHost(address.host, address.port), options);
  } catch (cause) {
    const message = `Cannot listen on "${formatAddress(address)}": ${messageOf(cause)}`;
    throw new TsgunError('TSGUN_E_BIND', message, { cause });
  }
}

async function resolveHost(host: string, port: number): Promise<SocketAddress[]> {
  if (host === '*') {
    return [
      { family: 'ipv6', host: '::', port, scope: 0 },
      { family: 'ipv4', host: '0.0.0.0', port },
    ];
  }
  if (isIPv4(host)) return [{ family: 'ipv4', host, port }];
  if (isIPv6(host)) return [{ family: 'ipv6', host, port, scope: 0 }];
  const found = await lookup(host);
  return found.family === 4
    ? [{ family: 'ipv4', host: found.address, port }]
    : [{ family: 'ipv6', host: found.address, port, scope: 0 }];
}

/** The first address whose family this machine has. */
export function bindTcp(addresses: readonly SocketAddress[], options: BindOptions): number {
  for (const [index, address] of addresses.entries()) {
    try {
      return bindSocketAt(address, options);
    } catch (error) {
      const absent = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errnoOf(error) ?? '');
      if (!absent || index === addresses.length - 1) throw error;
    }
  }
  throw new Error('no address');
}

export function bindSocketAt(address: SocketAddress, options: BindOptions): number {
  const fd = openSocket(address.family);
  try {
    if (address.family !== 'unix') setReuseAddress(fd);
    if (options.reusePort && address.family !== 'unix') setReusePort(fd);
    if (address.family === 'ipv6') setOnlyIpv6(fd, address.host !== '::');
    bindSocket(fd, address);
    listenSocket(fd, options.backlog);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** Made under another name and renamed, so that nobody meets it before mode and owner are right. */
async function bindUnix(path: string, options: BindOptions): Promise<number> {
  await makeWay(path);
  // Nobody can be misled by a name that is known before: binding to one that exists fails.
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true }); // of an earlier process with our pid
  const fd = bindSocketAt({ family: 'unix', path: temporary }, options);
  try {
    setRights(temporary, { mode: options.socketMode, owner: options.socketOwner });
    renameSync(temporary, path);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A socket that nobody serves may be replaced; anything else in its place is left alone. */
async function makeWay(path: string): Promise<void> {
  if (!findSocket(path)) return;
  if ((await probeSocket(path)) === null) {
    throw Object.assign(new Error('address already in use (EADDRINUSE)'), { code: 'EADDRINUSE' });
  }
}
