import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { wrap } from './changelog.ts';
import { product, relations } from './manifest.ts';
import type { Order } from './order.ts';
import { runTool } from './run-tool.ts';
import { type Staged, sizeOf, stage } from './stage.ts';

const scripts = ['postinst', 'prerm', 'postrm'];

/** Makes the package in `out`, by way of a tree in `work`, and gives its path. */
export function makeDeb(order: Order, work: string, { out, fast }: { out: string; fast: boolean }) {
  const { edition, architecture } = order;
  const tree = path.join(work, 'deb');
  const staged = stage(order, 'deb', tree);
  writeControl(order, tree, staged);
  const version = `${edition.version}-${edition.release}`;
  const file = path.join(out, `${product.name}_${version}_${architecture.deb}.deb`);
  const compression = fast ? ['-Zzstd', '-z3'] : ['-Zxz', '-z6'];
  const args = ['--root-owner-group', ...compression, '--build', tree, file];
  runTool('dpkg-deb', args, { SOURCE_DATE_EPOCH: String(edition.time) });
  return file;
}

function writeControl(order: Order, tree: string, staged: readonly Staged[]): void {
  const folder = path.join(tree, 'DEBIAN');
  const size = sizeOf(tree);
  mkdirSync(folder);
  const write = (name: string, text: string, mode = 0o644) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  write('control', renderControl(order, size));
  const conffiles = staged.flatMap(({ to, item }) => (item?.config ? [`${to}\n`] : []));
  write('conffiles', conffiles.toSorted().join(''));
  write('md5sums', renderSums(tree, staged));
  for (const name of scripts) {
    cpSync(path.join(order.root, 'packaging/deb', name), path.join(folder, name));
    chmodSync(path.join(folder, name), 0o755);
  }
  chmodSync(folder, 0o755);
  const { time } = order.edition;
  for (const name of readdirSync(folder)) utimesSync(path.join(folder, name), time, time);
  for (const touched of [folder, tree]) utimesSync(touched, time, time);
}

function renderControl({ edition, architecture }: Order, size: number): string {
  const fields = {
    Package: product.name,
    Version: `${edition.version}-${edition.release}`,
    Architecture: architecture.deb,
    Maintainer: product.maintainer,
    'Installed-Size': String(size),
    ...relations.deb,
    Section: 'httpd',
    Priority: 'optional',
    Description: product.summary,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  const paragraphs = product.description.map((text) => `${wrap(text, 78, ' ', ' ')}\n`);
  return lines.join('') + paragraphs.join(' .\n');
}

/** dpkg keeps conffiles' sums elsewhere; links have none. */
function renderSums(tree: string, staged: readonly Staged[]): string {
  const lines = staged
    .filter(({ item }) => !item?.config && !(item && 'link' in item.from))
    .map(({ to }) => {
      const sum = createHash('md5')
        .update(readFileSync(path.join(tree, to)))
        .digest('hex');
      return `${sum}  ${to.slice(1)}\n`;
    });
  return lines.toSorted((a, b) => (a.slice(34) < b.slice(34) ? -1 : 1)).join('');
}
