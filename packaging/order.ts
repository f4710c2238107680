import type { Edition } from './changelog.ts';
import type { Architecture } from './manifest.ts';

/** What a package is made of. */
export interface Order {
  /** The repository, built. */
  root: string;
  architecture: Architecture;
  edition: Edition;
  /** The version as npm and `tsgun --version` write it. */
  version: string;
  /** Of the Node.js inside. */
  nodeVersion: string;
}

/** What `npm ci` has not brought, because this is another processor. */
export const missing = ({ node }: Architecture, name: string): Error =>
  new Error(`"${name}" is not installed: run "npm ci", with --cpu=${node} for that processor`);
