import {
  chmodSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type Content, contentsOf } from './contents.ts';
import { type Architecture, type Format, type Item, items, nodeOf } from './manifest.ts';
import { missing, type Order } from './order.ts';
import { runTool } from './run-tool.ts';

/** A file that has been put in its place. */
export interface Staged {
  /** Absolute, as it will be installed. */
  to: string;
  item: Item | null;
}

/** Makes the tree of a package below `folder`; the bytes depend on nothing but the order. */
export function stage(order: Order, format: Format, folder: string): Staged[] {
  const staged: Staged[] = [];
  for (const item of items) {
    if (item.format !== undefined && item.format !== format) continue;
    for (const content of contentsOf(order, item)) {
      put(folder, content, item.mode ?? 0o644);
      staged.push({ to: content.to, item });
    }
  }
  const node = nodeOf(order.architecture);
  put(folder, { to: node.to, data: readNode(order) }, 0o755);
  strip(path.join(folder, node.to), order.architecture);
  setTimes(folder, order.edition.time);
  return [...staged, { to: node.to, item: null }];
}

function readNode({ root, architecture }: Order): Buffer {
  const file = path.join(root, nodeOf(architecture).from);
  if (!existsSync(file)) throw missing(architecture, `node-linux-${architecture.node}`);
  return readFileSync(file);
}

/** Takes a quarter off Node.js; what of a foreign processor no strip here knows stays whole. */
function strip(file: string, { node, triplet }: Architecture): void {
  const isNative = node === process.arch;
  const tool = isNative ? 'strip' : `/usr/bin/${triplet}-strip`;
  if (!isNative && !existsSync(tool)) return;
  runTool(tool, ['--strip-all', file]);
  chmodSync(file, 0o755);
}

function put(folder: string, { to, data }: Content, mode: number): void {
  const file = path.join(folder, to);
  mkdirSync(path.dirname(file), { recursive: true });
  if (typeof data === 'object' && 'link' in data) return symlinkSync(data.link, file);
  writeFileSync(file, data);
  chmodSync(file, mode);
}

/** Gives everything the same time, and folders the same mode, whatever the umask. */
function setTimes(folder: string, time: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) setTimes(file, time);
    else lutimesSync(file, time, time);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, time, time);
}

/** Of all files together, in KiB, as a package tells it. */
export const sizeOf = (folder: string): number =>
  listAll(folder).reduce((sum, file) => sum + Math.ceil(statSync(file).size / 1024), 0);

const listAll = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
