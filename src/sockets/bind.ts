import { lookup } from 'node:dns/promises';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { connect, isIPv4, isIPv6 } from 'node:net';
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

export interface BindOptions {
  backlog: number;
  reusePort: boolean;
  /** Permissions of Unix sockets. */
  socketMode: number;
  socketOwner: { uid: number; gid: number } | null;
}

/** A living server is asked whether it is there; a stuck one counts as living. */
const probeMs = 500;

/** A bare listening descriptor that nothing in this process accepts on. Throws TSGUN_E_BIND. */
export async function bindAddress(
  address: Exclude<Address, { kind: 'fd' }>,
  options: BindOptions,
): Promise<number> {
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
    setRights(temporary, options);
    renameSync(temporary, path);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Of open(2), missing in Node's constants: a handle on whatever is there, without opening it. */
const O_PATH = 0o10000000;

/**
 * In a folder of somebody else's, anything can be put in our socket's place between two calls. So
 * one handle is held on it, checked, and given mode and owner.
 */
function setRights(file: string, { socketMode, socketOwner }: BindOptions): void {
  const handle = openSync(file, O_PATH | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(handle);
    if (!stat.isSocket() || stat.nlink !== 1 || stat.uid !== process.geteuid?.())
      throw new Error('somebody has replaced the socket');
    const held = `/proc/self/fd/${handle}`;
    if (socketOwner) chownSync(held, socketOwner.uid, socketOwner.gid);
    chmodSync(held, socketMode);
  } finally {
    closeSync(handle);
  }
}

/** A socket that nobody serves may be replaced; anything else in its place is left alone. */
async function makeWay(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) throw new Error('the path exists and is no socket');
  if (await isServed(path)) {
    throw Object.assign(new Error('address already in use (EADDRINUSE)'), { code: 'EADDRINUSE' });
  }
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(probeMs, () => finish(true));
    socket.once('connect', () => finish(true));
    // EAGAIN: somebody listens, and the queue is full.
    socket.once('error', (error) => finish(errnoOf(error) === 'EAGAIN'));
    function finish(served: boolean) {
      socket.destroy();
      resolve(served);
    }
  });
}
