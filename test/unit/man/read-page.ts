import { readFileSync } from 'node:fs';
import path from 'node:path';

export const folder = path.resolve(import.meta.dirname, '../../../man');

/** A committed page. */
export const readPage = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

/** Without the requests and escapes that only tell how it looks. */
export const plainText = (roff: string): string =>
  roff
    .replaceAll(/\\f[BIR]|\\%/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(ga', '`')
    .replaceAll('\\(ti', '~')
    .replaceAll('\\(ha', '^')
    .replaceAll('\\&', '')
    .replaceAll('\\e', '\\');

/** The lines of the section with this title. */
export function sectionOf(page: string, title: string): string[] {
  const [, text] = page.split(`.SH "${title}"\n`);
  if (text === undefined) throw new Error(`There is no section ${title}`);
  return text.split(/^\.SH /m)[0]?.split('\n') ?? [];
}

/** Terms of its items that stand in no other item. */
export function termsOf(page: string, title: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  const lines = sectionOf(page, title);
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('.RS')) depth += 1;
    if (line === '.RE') depth -= 1;
    if (line === '.TP' && depth === 0) terms.push(plainText(lines[index + 1] ?? ''));
  }
  return terms;
}

/** What stands between `.EX` and `.EE`. */
export const examplesOf = (page: string): string[] =>
  [...page.matchAll(/^\.EX\n(.*?)^\.EE$/gms)].map(([, text = '']) => plainText(text));
