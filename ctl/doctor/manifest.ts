import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** What our own package.json says. */
export interface Manifest {
  version: string;
  /** The Node.js that comes along and that all is tested with; null for other processors. */
  pinnedNode: string | null;
}

export async function readManifest(): Promise<Manifest | null> {
  for (let folder = import.meta.dirname; folder !== '/'; folder = path.dirname(folder)) {
    const manifest = await readPackage(folder);
    if (manifest?.['name'] !== 'tsgun') continue;
    const pins = manifest['optionalDependencies'];
    const name = `node-linux-${process.arch}`;
    const pin: unknown =
      typeof pins === 'object' && pins !== null ? Reflect.get(pins, name) : undefined;
    const pinnedNode = typeof pin === 'string' ? pin : null;
    return { version: String(manifest['version']), pinnedNode };
  }
  return null;
}

/** Null for a folder that has none that can be read. */
export async function readPackage(folder: string): Promise<Record<string, unknown> | null> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? { ...manifest } : null;
  } catch {
    return null;
  }
}
