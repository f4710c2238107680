import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Writes small apps and configs, so that a test shows what it runs; returns their folder. */
export function writeFiles(dir: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return dir;
}

/** An app that answers with a text, or with its pid. */
export const helloApp = (text?: string): string =>
  `export default (req, res) => res.end(${text === undefined ? 'String(process.pid)' : JSON.stringify(text)});\n`;
