import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderRpmChangelog, toPackageVersion, wrap } from './changelog.ts';
import { product, relations } from './manifest.ts';
import { findModules } from './modules.ts';
import type { Order } from './order.ts';
import { runTool } from './run-tool.ts';
import { type Staged, stage } from './stage.ts';

/** Makes the package in `out`, by way of a tree in `work`, and gives its path. */
export function makeRpm(order: Order, work: string, { out, fast }: { out: string; fast: boolean }) {
  const { edition, architecture } = order;
  const top = path.join(work, 'rpm');
  const tree = path.join(top, 'tree');
  mkdirSync(tree, { recursive: true });
  const staged = stage(order, 'rpm', tree);
  const spec = path.join(top, 'tsgun.spec');
  writeFileSync(spec, renderSpec(order, tree, staged));
  const defines = {
    _topdir: top,
    _rpmdir: path.join(top, 'out'),
    _rpmfilename: '%%{NAME}.rpm',
    _tmppath: top,
    _binary_payload: fast ? 'w3.zstdio' : 'w19.zstdio',
  };
  const args = Object.entries(defines).flatMap(([name, value]) => ['-D', `${name} ${value}`]);
  runTool('rpmbuild', ['-bb', '--target', `${architecture.rpm}-linux`, ...args, spec], {
    SOURCE_DATE_EPOCH: String(edition.time),
  });
  const name = `${product.name}-${edition.version}-${edition.release}.${architecture.rpm}.rpm`;
  const file = path.join(out, name);
  copyFileSync(path.join(top, 'out', `${product.name}.rpm`), file);
  return file;
}

function renderSpec(order: Order, tree: string, staged: readonly Staged[]): string {
  const { root, edition, architecture } = order;
  const template = readFileSync(path.join(root, 'packaging/rpm/tsgun.spec.in'), 'utf8');
  const modules = findModules(root, architecture.node);
  const holes: Record<string, string> = {
    NAME: product.name,
    VERSION: edition.version,
    RELEASE: edition.release,
    SUMMARY: product.summary,
    LICENCE: [...new Set([product.licence, ...modules.map(({ licence }) => licence)])].join(
      ' AND ',
    ),
    MAINTAINER: product.maintainer,
    REQUIRES: relations.rpm.Requires.join(', '),
    RECOMMENDS: relations.rpm.Recommends.join(', '),
    SUGGESTS: relations.rpm.Suggests.join(', '),
    NODE: order.nodeVersion,
    BUNDLED: modules
      .map(({ name, version }) => `Provides: bundled(npm(${name})) = ${toPackageVersion(version)}`)
      .join('\n'),
    DESCRIPTION: product.description.map((text) => wrap(text, 78, '', '')).join('\n\n'),
    TREE: tree,
    FILES: renderFiles(staged),
    CHANGELOG: renderRpmChangelog(
      readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'),
      edition,
    ).trimEnd(),
  };
  return template.replaceAll(/@([A-Z]+)@/g, (_, name: string) => holes[name] ?? '');
}

/** Folders that others have too belong to nobody; ours are named. */
const ownFolders = /^(\/etc|\/usr\/lib|\/usr\/share\/doc|\/usr\/share\/licenses)\/tsgun(\/|$)/;

function renderFiles(staged: readonly Staged[]): string {
  const folders = new Set<string>();
  for (const { to } of staged) {
    for (let folder = path.dirname(to); ownFolders.test(folder); folder = path.dirname(folder))
      folders.add(folder);
  }
  const files = staged.map(({ to, item }) => {
    if (item?.config) return `%config(noreplace) "${to}"`;
    return item?.kind === undefined ? `"${to}"` : `%${item.kind} "${to}"`;
  });
  return [
    '%defattr(-,root,root,-)',
    ...[...folders].toSorted().map((folder) => `%dir "${folder}"`),
    ...files.toSorted(),
  ].join('\n');
}
