import path from 'node:path';
import { readSource } from './read-source.ts';

/** What package.json says that matters here. */
export interface Manifest {
  /** What its developers start, as it is written there. */
  start: string | null;
  /** Whether it names the file that others import. */
  namesMain: boolean;
  packages: string[];
  hasBuild: boolean;
}

/** Null without one, or with one that npm could not read either. */
export function readManifest(folder: string): Manifest | null {
  const text = readSource(path.join(folder, 'package.json'));
  const manifest = text === null ? null : parseObject(text);
  if (manifest === null) return null;
  const scripts = asObject(manifest['scripts']);
  // `start` of NestJS builds first; what runs in production has its own script.
  const script = ['start:prod', 'start'].map((name) => scripts[name]).find(isText);
  return {
    start: script === undefined ? null : fileOfScript(script),
    namesMain: isText(manifest['main']) || Boolean(manifest['exports']),
    packages: Object.keys(asObject(manifest['dependencies'])),
    hasBuild: isText(scripts['build']),
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? asObject(parsed) : null;
  } catch {
    return null; // no JSON
  }
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const isText = (value: unknown): value is string => typeof value === 'string';

const runners = new Set(['node', 'nodejs', 'nodemon', 'tsx', 'ts-node', 'pm2-runtime']);

/** Options of Node.js whose value is the next word. */
const withValue = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
]);

/** `server.js` of `NODE_ENV=production node --env-file=.env server.js`; null for other commands. */
export function fileOfScript(script: string): string | null {
  for (const command of script.split(/&&|\|\||[;|]/)) {
    const words = command.trim().split(/\s+/);
    const start = words.findIndex((word) => runners.has(word));
    if (start < 0) continue;
    const rest = words.slice(start + 1);
    const file = rest.find(
      (word, index) => !isOption(word) && !withValue.has(rest[index - 1] ?? ''),
    );
    if (file !== undefined) return file.replaceAll(/^["']|["']$/g, '');
  }
  return null;
}

/** `tsx watch` has a word of its own. */
const isOption = (word: string): boolean => word.startsWith('-') || word === 'watch';
