import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A production dependency, as package-lock.json has it. */
export interface Module {
  name: string;
  version: string;
  licence: string;
  /** Relative to the repository: node_modules/NAME, perhaps below that of another. */
  folder: string;
}

interface Locked {
  version?: string;
  license?: string;
  dev?: boolean;
  os?: readonly string[];
  cpu?: readonly string[];
}

/** Those that run on one kind of processor, but for Node.js itself and packages of types. */
export function findModules(root: string, cpu: string): Module[] {
  const lock: { packages: Record<string, Locked> } = JSON.parse(
    readFileSync(path.join(root, 'package-lock.json'), 'utf8'),
  );
  return Object.entries(lock.packages)
    .filter(([folder, locked]) => folder !== '' && !locked.dev && suits(locked, cpu))
    .map(([folder, { version = '', license: licence = '' }]) => {
      const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return { name, version, licence, folder };
    })
    .filter(({ name }) => !/^node-linux-|^@types\//.test(name));
}

const suits = ({ os, cpu }: Locked, wanted: string): boolean =>
  (os?.includes('linux') ?? true) && (cpu?.includes(wanted) ?? true);

const runs = /\.(c?js|mjs|json|node)$/;

/** Tests, documentation and builds for browsers; of koffi also the builder, and musl's binary. */
const idle =
  /(^|\/)(\..*|test|tests|test\.js|docs?|examples?|bench(mark)?s?|browser(\.js)?|[^/]+\.config\.js|[^/]+\.min\.js|cnoke\.cjs|indirect\.c?js|trampolines\.cjs|vendor|musl_[^/]+|node_modules)(\/|$)/;

/** What of a module runs, relative to its folder. */
export function listFiles(root: string, module: Module): string[] {
  return readdirSync(path.join(root, module.folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(path.join(root, module.folder), path.join(entry.parentPath, entry.name)),
    )
    .filter((file) => runs.test(file) && !idle.test(file))
    .toSorted();
}

/** The text of its licence; null for those that have only a word in package.json. */
export function readLicence(root: string, { folder }: Pick<Module, 'folder'>): string | null {
  const name = readdirSync(path.join(root, folder)).find((file) => /^licen[cs]e/i.test(file));
  return name === undefined ? null : readFileSync(path.join(root, folder, name), 'utf8');
}

/** Whom package.json names. */
export function readAuthor(root: string, { folder }: Module): string {
  const { author }: { author?: string | { name: string } } = JSON.parse(
    readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
  );
  return typeof author === 'object' ? author.name : (author ?? 'its authors');
}
