import { type Architecture, nodeOf, product } from './manifest.ts';
import { findModules, type Module, readAuthor, readLicence } from './modules.ts';

// The machine-readable format of Debian, DEP-5: a paragraph for each module, and each text once.

const fromHome = 'usr/lib/tsgun';

interface Licence {
  /** As package.json calls it. */
  kind: string;
  name: string;
  text: string;
}

/** Of everything in the package, with the whole text of every licence. */
export function renderCopyright(root: string, architecture: Architecture): string {
  const licences = new Map<string, Licence>();
  const own = readLicence(root, { folder: '.' }) ?? '';
  const ours = fileLicence(licences, product.licence, own);
  const modules = findModules(root, architecture.node).map((module) => {
    const { holders, name } = describeModule(root, module, licences);
    return paragraph(`${fromHome}/${module.folder}/*`, holders, name);
  });
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n' +
      `Upstream-Name: ${product.name}\n`,
    paragraph('*', [product.copyright], ours),
    ...modules,
    describeNode(root, architecture),
    ...[...licences.values()].map(({ name, text }) => `License: ${name}\n${indent(text)}\n`),
  ].join('\n');
}

function describeModule(root: string, module: Module, licences: Map<string, Licence>) {
  const text = readLicence(root, module);
  if (text === null) {
    const known = [...licences.values()].find(({ name }) => name === module.licence);
    if (!known) throw new Error(`${module.folder} has no text of its licence "${module.licence}"`);
    return { holders: [readAuthor(root, module)], name: known.name };
  }
  const holders = findHolders(text);
  return {
    holders: holders.length === 0 ? [readAuthor(root, module)] : holders,
    name: fileLicence(licences, module.licence, text),
  };
}

function describeNode(root: string, architecture: Architecture): string {
  const folder = nodeOf(architecture).from.replace(/\/bin\/node$/, '');
  const text = readLicence(root, { folder });
  if (text === null) throw new Error(`${folder} has no text of its licence`);
  const file = nodeOf(architecture).to.slice(1);
  const holders = ['Node.js contributors, and those that the text below names'];
  return `${paragraph(file, holders, 'Node.js').trimEnd()}\n${indent(text)}\n`;
}

const isHolder = (line: string): boolean =>
  /^\W*(portions )?copyright\b.*\d{4}|^\W*\(c\)/i.test(line);

const findHolders = (text: string): string[] =>
  text
    .split('\n')
    .filter(isHolder)
    .map((line) =>
      line
        .replace(/^\W*(portions )?copyright\s*/i, '')
        .replace(/^\(c\)\s*/i, '')
        .trim(),
    );

/** The same words under the same name, other words under another: MIT, MIT-2 and so on. */
function fileLicence(licences: Map<string, Licence>, name: string, given: string): string {
  const lines = given.split('\n').filter((line) => !isHolder(line));
  const text = lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  const words = text.replaceAll(/[\s#*]+/g, ' ').replace(/^\(?(the )?MIT license\)? */i, '');
  const key = words.toLowerCase();
  const known = licences.get(key);
  if (known) return known.name;
  const same = [...licences.values()].filter(({ kind }) => kind === name);
  const unique = same.length === 0 ? name : `${name}-${same.length + 1}`;
  licences.set(key, { kind: name, name: unique, text });
  return unique;
}

const paragraph = (files: string, holders: readonly string[], licence: string): string =>
  `Files: ${files}\nCopyright: ${holders.join('\n  ')}\nLicense: ${licence}\n`;

/** Lines of a field that goes on; one that is empty is a dot. */
const indent = (text: string): string =>
  text
    .replaceAll('\r', '')
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');
