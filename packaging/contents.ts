import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { renderDebianChangelog } from './changelog.ts';
import { renderCopyright } from './copyright.ts';
import type { Item, Made } from './manifest.ts';
import { findModules, listFiles } from './modules.ts';
import { missing, type Order } from './order.ts';
import { runTool } from './run-tool.ts';
import { renderSampleConfig } from './sample-config.ts';

/** A file or a link, and where it goes. */
export interface Content {
  to: string;
  data: Buffer | string | { link: string };
}

/** All that an item of the manifest stands for. */
export function contentsOf(order: Order, { from, to }: Item): Content[] {
  if ('link' in from) return [{ to, data: { link: from.link } }];
  if ('file' in from) return [{ to, data: read(order, from.file) }];
  if ('tree' in from) {
    return listTree(path.join(order.root, from.tree))
      .filter((file) => from.only.test(file) && hasSource(order.root, path.join(from.tree, file)))
      .map((file) => ({
        to: `${to}/${file}`,
        data: readModule(order, path.join(from.tree, file)),
      }));
  }
  return make[from.made](order).map(({ to: name, data }) => ({ to: path.join(to, name), data }));
}

const read = (order: Order, file: string): Buffer => readFileSync(path.join(order.root, file));

/** Without the line that would start it with any Node.js; the lines keep their numbers. */
const readModule = (order: Order, file: string): Buffer | string =>
  /\.(js|ts)$/.test(file) ? String(read(order, file)).replace(/^#!.*/, '') : read(order, file);

/** A build leaves what it made of sources that have gone since. */
function hasSource(root: string, file: string): boolean {
  const [, source] = /^dist\/(.*?)(\.d\.ts|\.js)$/.exec(file) ?? [];
  return source === undefined || existsSync(path.join(root, `${source}.ts`));
}

const listTree = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(\.|__pycache__|node_modules\/)/.test(file))
    .toSorted();

const one = (data: string): Content[] => [{ to: '', data }];
const zip = (data: string | Buffer): Buffer => gzipSync(data, { level: 9 });

const make: Readonly<Record<Made, (order: Order) => Content[]>> = {
  changelog: (order) => [{ to: '', data: zip(read(order, 'CHANGELOG.md')) }],
  'completion-bash': (order) => one(printCompletion(order, 'bash')),
  'completion-fish': (order) => one(printCompletion(order, 'fish')),
  'completion-zsh': (order) => one(printCompletion(order, 'zsh')),
  copyright: (order) => one(renderCopyright(order.root, order.architecture)),
  'debian-changelog': (order) => {
    const text = renderDebianChangelog(String(read(order, 'CHANGELOG.md')), order.edition);
    return [{ to: '', data: zip(text) }];
  },
  'man-pages': (order) =>
    listTree(path.join(order.root, 'man'))
      .filter((file) => /^[^/]+\.[1-8]$/.test(file))
      .map((file) => ({
        to: `man${file.at(-1)}/${file}.gz`,
        data: zip(read(order, path.join('man', file))),
      })),
  modules: listModules,
  'package.json': (order) => one(`${JSON.stringify(describePackage(order), null, 2)}\n`),
  'sample-config': () => one(renderSampleConfig()),
};

/** By the program that is packaged, run by the Node.js that runs us. */
const printCompletion = (order: Order, shell: string): string =>
  runTool(process.execPath, [path.join(order.root, 'dist/ctl/main.js'), 'completion', shell]);

function listModules(order: Order): Content[] {
  return findModules(order.root, order.architecture.node).flatMap((module) => {
    if (!existsSync(path.join(order.root, module.folder)))
      throw missing(order.architecture, module.name);
    return listFiles(order.root, module).map((file) => ({
      to: path.join(module.folder.replace(/^node_modules\//, ''), file),
      data: read(order, path.join(module.folder, file)),
    }));
  });
}

/** What is still true of package.json when the sources are not there. */
function describePackage(order: Order): Record<string, unknown> {
  const all: Record<string, unknown> = JSON.parse(String(read(order, 'package.json')));
  const kept = ['name', 'description', 'license', 'type', 'bin', 'exports', 'engines'];
  const named = kept.map((key) => [key, all[key]]);
  const pins = all['optionalDependencies'];
  return { ...Object.fromEntries(named), version: order.version, optionalDependencies: pins };
}
