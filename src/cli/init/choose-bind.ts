import { createServer } from 'node:net';
import path from 'node:path';
import { parse } from 'smol-toml';
import { defaultSettings } from '../../settings/table.ts';
import { parseAddress } from '../../sockets/address.ts';
import { listNames, readSource } from './read-source.ts';

const host = '127.0.0.1';
const firstPort = 8000;
const lastPort = 8999;

/**
 * Where the instance is to listen: where it did before, or else at the first port that is free and
 * that no other configuration in the folder names, for an instance can be stopped just now.
 */
export async function chooseBind(file: string): Promise<string[]> {
  const before = readSource(file);
  const kept = before === null ? null : addressesIn(before);
  if (kept !== null && kept.length > 0) return kept;
  const taken = portsIn(path.dirname(file));
  for (let port = firstPort; port <= lastPort; port += 1) {
    if (!taken.has(port) && (await isFree(port))) return [`${host}:${port}`];
  }
  return [`${host}:${firstPort}`];
}

/** All ports that configurations name, on whatever address. */
function portsIn(folder: string): Set<number> {
  const files = listNames(folder).filter((name) => name.endsWith('.toml'));
  const addresses = files.flatMap((name) => {
    const text = readSource(path.join(folder, name));
    const found = text === null ? null : addressesIn(text);
    return found?.length === 0 ? defaultSettings().bind : (found ?? []);
  });
  return new Set(addresses.flatMap(portOf));
}

/** Empty when it does not say; null for what is no configuration. */
function addressesIn(text: string): string[] | null {
  try {
    const { bind = [] } = parse(text);
    return [bind].flat().filter((address) => typeof address === 'string');
  } catch {
    return null; // not TOML
  }
}

function portOf(address: string): number[] {
  try {
    const parsed = parseAddress(address, '/');
    return parsed.kind === 'tcp' ? [parsed.port] : [];
  } catch {
    return []; // no address, which its own instance will say
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
